package embedded

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestDebugMemory(t *testing.T) {
	if os.Getenv("DEBUGMEM") == "" {
		t.Skip()
	}
	if os.Getenv("LIMIT") != "" {
		debug.SetMemoryLimit(400 << 20)
	}
	c := start(t, Config{Topics: map[string]int32{"orders": 12}})
	var wg sync.WaitGroup
	d := 45 * time.Second
	for i := range 4 {
		cl := client(t, c, kgo.ProducerBatchMaxBytes(16<<10), kgo.ProducerLinger(5*time.Millisecond), kgo.MaxBufferedBytes(4<<20))
		_ = i
		wg.Go(func() {
			offer(t.Context(), cl, stream{"orders", []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 1024, 14_000_000 / 4 / 1024, d})
		})
	}
	for range 3 {
		co := client(t, c, kgo.ConsumeTopics("orders"), kgo.ConsumerGroup("g"))
		wg.Go(func() {
			for begin := time.Now(); time.Since(begin) < d; {
				co.PollFetches(t.Context())
			}
		})
	}
	for begin := time.Now(); time.Since(begin) < d; time.Sleep(5 * time.Second) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b, _ := os.ReadFile("/proc/self/status")
		rss := ""
		for l := range strings.Lines(string(b)) {
			if strings.HasPrefix(l, "VmHWM") || strings.HasPrefix(l, "VmRSS") {
				rss += strings.TrimSpace(l) + " "
			}
		}
		t.Log(rss, "heap", m.HeapAlloc>>20, "inuse", m.HeapInuse>>20, "model", c.retention.memory>>20)
	}
	wg.Wait()
}
