package access

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/scenario"
)

// TestEnterByAnyAddress holds that one address that leads in suffices, wherever it
// stands among those that give no answer, or no connection, and that these are named.
func TestEnterByAnyAddress(t *testing.T) {
	well := answers(t, func(r kmsg.Request) kmsg.Response { return r.ResponseKind() })
	silent := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	const hole = "127.0.0.1:1"
	for name, bootstrap := range map[string][]string{
		"silent first": {silent, well}, "hole first": {hole, well}, "both first": {silent, hole, well}, "in the middle": {hole, well, silent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := opened(t, scenario.Target{}, well)
			a.Bootstrap = bootstrap
			a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == hole {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return dialTCP(ctx, network, address)
			}
			e, err := a.Enter(t.Context())
			if err != nil || e.Address != well {
				t.Fatalf("entered %+v: %v", e, err)
			}
			var want, got []string
			for _, address := range bootstrap {
				if address != well {
					want = append(want, address+" does not answer")
				}
			}
			for _, p := range e.Dead {
				got = append(got, p.Error())
			}
			if len(got) != len(want) {
				t.Fatalf("problems %q, want %q", got, want)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("problem %q, want %q", got[i], want[i])
				}
			}
		})
	}
}
