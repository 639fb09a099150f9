package embedded

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Down takes a broker off the network: it stops listening and all its connections
// are closed, as HangUp does. The leaders of its partitions move to the brokers that
// are up, if there are any. It stays what it is otherwise: metadata lists it, and it
// remains controller and coordinator of whatever it was.
func (c *Cluster) Down(broker int32) {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	if c.faults.down[broker] || !c.has(broker) {
		return
	}
	c.faults.down[broker] = true
	l, row := c.listeners[broker], &fault{kind: "down", broker: broker}
	l.mute()
	row.hits.Store(l.hangUp())
	c.inject(row)
	for _, t := range c.directory.all() {
		var infos []*kfake.PartitionInfo
		c.ask(func(k *kfake.Cluster) { infos = k.PartitionInfos(t.name) })
		for _, p := range infos {
			if p.Leader == broker {
				c.displace(place{t.name, p.Partition}, broker)
			}
		}
	}
}

// displace moves a partition from a broker that is down to one that is up, spread
// over all of them. The faults' lock is held.
func (c *Cluster) displace(p place, from int32) {
	var up []int32
	for i := range c.listeners {
		if !c.faults.down[int32(i)] {
			up = append(up, int32(i))
		}
	}
	if len(up) == 0 {
		return
	}
	if _, found := c.faults.displaced[p]; !found {
		c.faults.displaced[p] = from
	}
	// It fails only for a topic that has just been deleted.
	_ = c.lead(p, up[int(p.partition)/len(c.listeners)%len(up)])
}

// Up has a broker listen again on its port; the leaders that Down moved away come
// back. It fails when the port has been taken meanwhile
// or the cluster closed.
func (c *Cluster) Up(broker int32) error {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	if !c.faults.down[broker] {
		return nil
	}
	if err := c.listeners[broker].listen(); err != nil {
		return fmt.Errorf("bring broker %d up again: %w", broker, err)
	}
	delete(c.faults.down, broker)
	c.inject(&fault{kind: "up", broker: broker})
	for p, home := range c.faults.displaced {
		if home == broker {
			delete(c.faults.displaced, p)
			_ = c.lead(p, broker) // the topic may be gone
		}
	}
	return nil
}

// hangUp closes all connections and returns how many there were.
func (l *listener) hangUp() int64 {
	open := l.open()
	for _, conn := range open {
		_ = conn.hangUp() // it is to be gone, whatever the network says
	}
	return int64(len(open))
}

// mute stops listening until listen is called.
func (l *listener) mute() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.network.Close() // it is to be gone, whatever the network says
	l.network, l.up = nil, make(chan struct{})
}

// listen listens again on the address from before.
func (l *listener) listen() error {
	ln, err := l.onNetwork(l.bound.Network(), l.bound.String())
	if err != nil {
		return err // a net.OpError names the address
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.done:
		return errors.Join(net.ErrClosed, ln.Close())
	default:
	}
	l.network = ln
	close(l.up)
	return nil
}

// current returns what accepts connections; while the broker is down it waits.
func (l *listener) current() (net.Listener, error) {
	for {
		l.mu.Lock()
		ln, up := l.network, l.up
		l.mu.Unlock()
		if ln != nil {
			return ln, nil
		}
		select {
		case <-up:
		case <-l.done:
			return nil, net.ErrClosed
		}
	}
}

// misdirects reports whether metadata lies now.
func (s *faults) misdirects() bool {
	r := s.rules.Load()
	return r != nil && time.Now().Before(r.misdirected)
}

// misdirect replaces the leaders that a metadata response names.
func (c *Cluster) misdirect(resp *kmsg.MetadataResponse) {
	brokers := int32(len(c.listeners))
	for _, t := range resp.Topics {
		for i := range t.Partitions {
			p := &t.Partitions[i]
			if p.ErrorCode != 0 {
				continue
			}
			p.Leader = (p.Leader + 1) % brokers
			if brokers == 1 {
				p.Leader, p.LeaderEpoch, p.ErrorCode = -1, -1, kerr.LeaderNotAvailable.Code
			}
		}
	}
}
