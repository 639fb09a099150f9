package access

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Broker is one of a cluster's brokers, as the cluster names it to clients.
type Broker struct {
	ID      int32
	Address string
	Rack    string // "" for none
}

// Attempt is what came of going into a cluster by one address.
type Attempt struct {
	Entered *Entered
	Problem *Problem // nil where it was entered
}

// TryEach tries each address, all at once, and again while a broker lets nobody in for
// their number.
func (a *Access) TryEach(ctx context.Context, addresses []string) []Attempt {
	attempts := make([]Attempt, len(addresses))
	var all sync.WaitGroup
	for i, address := range addresses {
		all.Go(func() { attempts[i] = a.tryWhile(ctx, address, time.Second, (*Problem).TooMany) })
	}
	all.Wait()
	return attempts
}

// tryWhile tries an address until it is entered, has a problem that a pause does not
// help, or the context ends; then the problem is the last that tells more than that.
func (a *Access) tryWhile(ctx context.Context, address string, pause time.Duration, helped func(*Problem) bool) (out Attempt) {
	for {
		var last Attempt
		var err error
		last.Entered, err = a.Try(ctx, address)
		if err != nil && !errors.As(err, &last.Problem) {
			last.Problem = &Problem{Stage: TCP, Address: address, Err: err, Message: fmt.Sprintf("%s does not answer: %v", address, err)}
			if ctx.Err() != nil {
				last.Problem.Message = address + " does not answer"
			}
		}
		if out.Problem == nil || last.Problem == nil || ctx.Err() == nil {
			out = last // not that the time is up
		}
		if out.Problem == nil || !helped(out.Problem) {
			return out
		}
		select {
		case <-ctx.Done():
			return out
		case <-time.After(pause):
		}
	}
}

// TryBrokers tries each broker where the cluster says that it is, all at once, and
// returns the problems. Each names its broker.
func (a *Access) TryBrokers(ctx context.Context, brokers []Broker) (problems []*Problem) {
	addresses := make([]string, len(brokers))
	for i, b := range brokers {
		addresses[i] = b.Address
	}
	for i, attempt := range a.TryEach(ctx, addresses) {
		if p := attempt.Problem; p != nil {
			p.Message = fmt.Sprintf("broker %d: %s", brokers[i].ID, p.Message)
			problems = append(problems, p)
		}
	}
	return problems
}

// enterBrokers returns the first broker's problem, which says how many have one; nil
// for none.
func (a *Access) enterBrokers(ctx context.Context, all []Broker) (first *Problem, passing bool) {
	problems := a.TryBrokers(ctx, all)
	if len(problems) == 0 {
		return nil, false
	}
	first = problems[0]
	if len(problems) > 1 {
		first.Message += fmt.Sprintf(" (%d of %d brokers cannot be entered)", len(problems), len(all))
	}
	return first, !slices.ContainsFunc(problems, func(p *Problem) bool { return !p.passing })
}

// brokers asks which brokers there are, as the first thing that takes a login.
func (a *Access) brokers(v *visit, offered *kmsg.ApiVersionsResponse) ([]Broker, error) {
	const plainFormat = 8 // the last version before the format changed
	r := &kmsg.MetadataRequest{Version: plainFormat, Topics: []kmsg.MetadataRequestTopic{}}
	at := slices.IndexFunc(offered.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool { return k.ApiKey == r.Key() })
	if at < 0 && len(offered.ApiKeys) > 0 {
		return nil, &Problem{Stage: Kafka, Address: v.address,
			Message: fmt.Sprintf("%s does not say which brokers there are: it speaks Kafka but offers no Metadata request, as controllers do", v.address),
			Fix:     "take the address of a broker"}
	}
	if at >= 0 {
		r.Version = min(plainFormat, offered.ApiKeys[at].MaxVersion)
	}
	answer := kmsg.NewPtrMetadataResponse()
	err := v.ask(r, answer)
	if a.Auth == nil && hungUp(err) {
		return nil, &Problem{Stage: Login, Address: v.address, Err: err,
			Message: fmt.Sprintf("%s ends a connection that does not log in", v.address),
			Fix:     "write how to log in: auth: {mechanism: …}, or take a port that asks for no login"}
	}
	if err != nil {
		return nil, &Problem{Stage: Kafka, Address: v.address, Err: err, Message: fmt.Sprintf("%s does not say which brokers there are: %v", v.address, cause(err))}
	}
	var all []Broker
	for _, b := range answer.Brokers {
		one := Broker{ID: b.NodeID, Address: net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))}
		if b.Rack != nil {
			one.Rack = *b.Rack
		}
		all = append(all, one)
	}
	return all, nil
}
