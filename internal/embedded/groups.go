package embedded

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
)

// groups bounds the consumer groups.
type groups struct {
	most int // 0: any number

	mu   sync.Mutex
	seen map[string]struct{} // those that were joined, some of which may be gone
}

// joining is the epoch of a member that asks to be one (KIP-848, KIP-932).
const joining = 0

// join lets a member join unless its group would be one too many. AWS says that the
// request fails, not how: INVALID_REQUEST is what other quotas answer.
func (c *conn) join(body []byte) error {
	req, err := c.decode(body)
	if err != nil {
		return err
	}
	group := ""
	switch req := req.(type) {
	case *kmsg.JoinGroupRequest:
		group = req.Group
	case *kmsg.ConsumerGroupHeartbeatRequest:
		if req.MemberEpoch != joining {
			return nil
		}
		group = req.Group
	case *kmsg.ShareGroupHeartbeatRequest:
		if req.MemberEpoch != joining {
			return nil
		}
		group = req.GroupID
	}
	cluster := c.listener.cluster
	if cluster.caps.groups.admit(group, cluster.hasGroup) {
		return nil
	}
	c.refuse(refusal{code: kerr.InvalidRequest, reason: string(limits.ClusterGroups)})
	c.request.own = req.ResponseKind()
	switch resp := c.request.own.(type) {
	case *kmsg.JoinGroupResponse:
		resp.ErrorCode = kerr.InvalidRequest.Code
	case *kmsg.ConsumerGroupHeartbeatResponse:
		resp.ErrorCode = kerr.InvalidRequest.Code
	case *kmsg.ShareGroupHeartbeatResponse:
		resp.ErrorCode = kerr.InvalidRequest.Code
	}
	return nil
}

func (g *groups) admit(name string, exists func(string) bool) bool {
	if g.most <= 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.seen[name]; !ok && len(g.seen) >= g.most {
		for old := range g.seen {
			if !exists(old) {
				delete(g.seen, old)
			}
		}
		if len(g.seen) >= g.most {
			return false
		}
	}
	g.seen[name] = struct{}{}
	return true
}

// hasGroup asks kafka whether a group is there.
func (c *Cluster) hasGroup(name string) (found bool) {
	c.ask(func(k *kfake.Cluster) { found = k.GroupInfo(name) != nil })
	return found
}
