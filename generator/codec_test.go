package generator

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/scenario"
)

// TestCodecLevels holds that levels reach the encoders, and that the highest one
// compresses better than the lowest.
func TestCodecLevels(t *testing.T) {
	words := rand.New(rand.NewPCG(1, 2))
	var text bytes.Buffer
	for text.Len() < 200_000 {
		fmt.Fprintf(&text, "customer-%d ordered %d of item-%d; ", words.IntN(500), words.IntN(9), words.IntN(3000))
	}
	size := func(name string, level int) int {
		c, err := kgo.DefaultCompressor(codec(name, level))
		if err != nil {
			t.Fatal(err)
		}
		out, _ := c.Compress(new(bytes.Buffer), text.Bytes())
		return len(out)
	}
	// How many encoders the library has for a codec's levels.
	for name, want := range map[string]struct{ highest, encoders int }{"gzip": {9, 5}, "lz4": {9, 3}, "zstd": {22, 4}} {
		standard, first, last := size(name, scenario.DefaultLevel), size(name, 1), size(name, want.highest)
		sizes := map[int]bool{}
		for level := 1; level <= want.highest; level++ {
			sizes[size(name, level)] = true
		}
		if last >= first || standard >= text.Len()/2 || len(sizes) < want.encoders {
			t.Errorf("%s: %d bytes at level 1, %d at %d, %d by default, of %d; %d different sizes", name, first, last, want.highest, standard, text.Len(), len(sizes))
		}
	}
	if n := size("snappy", scenario.DefaultLevel); n >= text.Len() {
		t.Errorf("snappy: %d bytes", n)
	}
}
