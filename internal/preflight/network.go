package preflight

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"msklt/internal/access"
	"msklt/scenario"
)

// certificateMargin is for how long a certificate should still be valid.
const certificateMargin = 14 * 24 * time.Hour

// attempt is what came of going all the way into the cluster by one address.
type attempt struct {
	address string
	entered *access.Entered
	problem *access.Problem // nil where it was entered
}

// enter goes into the cluster by each of its addresses, and tells by stages how far
// that went. Without one that leads in there is nothing more to look at.
func (l *look) enter(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	attempts := make([]attempt, len(l.Access.Bootstrap))
	var all sync.WaitGroup
	for i, address := range l.Access.Bootstrap {
		all.Go(func() { attempts[i] = l.try(ctx, address) })
	}
	all.Wait()
	in := slices.DeleteFunc(slices.Clone(attempts), func(a attempt) bool { return a.problem != nil })
	l.names(ctx)
	l.stage("connection", access.TCP, attempts, in, func(attempt) Row { return l.connected(attempts) })
	l.stage("tls", access.TLS, attempts, in, func(a attempt) Row { return l.encrypted(a.entered) })
	l.stage("protocol", access.Kafka, attempts, in, nil)
	l.stage("login", access.Login, attempts, in, func(a attempt) Row { return l.loggedIn(a.entered) })
	if len(in) == 0 && l.Access.Mechanism == scenario.MSKIAM && slices.ContainsFunc(attempts, func(a attempt) bool { return a.problem.Stage == access.Login }) {
		l.awsClock(ctx)
	}
	return len(in) > 0
}

// try goes in by an address, and again while a broker lets nobody in for their number.
func (l *look) try(ctx context.Context, address string) (a attempt) {
	for {
		e, err := l.Access.Try(ctx, address)
		last := attempt{address: address, entered: e}
		if err != nil && !errors.As(err, &last.problem) {
			last.problem = &access.Problem{Stage: access.TCP, Address: address, Err: err, Message: fmt.Sprintf("%s does not answer: %v", address, err)}
		}
		if a.problem == nil || last.problem == nil || ctx.Err() == nil {
			a = last // not that the time is up
		}
		if a.problem == nil || !a.problem.TooMany() {
			return a
		}
		select {
		case <-ctx.Done():
			return a
		case <-time.After(time.Second):
		}
	}
}

// names tells which of the cluster's names resolve.
func (l *look) names(ctx context.Context) {
	var seen []string
	for _, address := range l.Access.Bootstrap {
		host, _, _ := net.SplitHostPort(address)
		if net.ParseIP(host) != nil || slices.Contains(seen, host) {
			continue
		}
		seen = append(seen, host)
		found, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			continue // its attempt says why
		}
		l.ok("name", "%s is %s", host, strings.Join(found, ", "))
	}
}

// stage adds the rows of a stage: the problems that attempts met there, which are
// failures where no attempt came in, and otherwise what one that came in saw.
func (l *look) stage(check string, s access.Stage, attempts, in []attempt, saw func(attempt) Row) {
	for _, a := range attempts {
		at := func(stages ...access.Stage) bool { return a.problem != nil && slices.Contains(stages, a.problem.Stage) }
		if !at(s) && !(s == access.TCP && at(access.DNS)) && !(s == access.Kafka && at(access.Setup)) {
			continue
		}
		r := Row{Check: check, State: Failed, Found: a.problem.Message, Fix: a.problem.Fix}
		if at(access.DNS) {
			r.Check = "name"
		}
		if len(in) > 0 {
			r.State = Warning
		}
		l.add(r)
	}
	if len(in) > 0 && saw != nil {
		r := saw(in[0])
		r.Check = check
		l.add(r)
	}
}

func (l *look) connected(attempts []attempt) Row {
	answer := 0
	for _, a := range attempts {
		if a.problem == nil || a.problem.Stage != access.DNS && a.problem.Stage != access.TCP {
			answer++
		}
	}
	return Row{State: OK, Found: fmt.Sprintf("%d of %d bootstrap addresses answer", answer, len(attempts))}
}

// encrypted tells of the certificate of the broker that was entered.
func (l *look) encrypted(e *access.Entered) Row {
	if e.TLS == nil {
		r := Row{State: Unknown, Found: "none: what goes over the network can be read there"}
		if l.Access.Auth != nil {
			r.State, r.Found = Warning, "none: the login, too, can be read on the network"
		}
		return r
	}
	cert := e.TLS.PeerCertificates[0]
	left := time.Until(cert.NotAfter)
	r := Row{State: OK, Found: fmt.Sprintf("%s, certificate for %s, valid until %s (%d days)",
		tls.VersionName(e.TLS.Version), access.NamesOf(cert), cert.NotAfter.UTC().Format(time.DateOnly), int(left.Hours()/24))}
	if left < certificateMargin {
		r.State, r.Fix = Warning, "renew it before it expires"
	}
	return r
}

// loggedIn tells who came in.
func (l *look) loggedIn(e *access.Entered) Row {
	if l.Access.Mechanism == "" || l.Access.Mechanism == scenario.NoAuth {
		return Row{State: Unknown, Found: "none: the cluster asks for none"}
	}
	found := l.Access.Mechanism
	if who := l.principal(); who != unknownPrincipal {
		found += " as " + who
	}
	if e.Session > 0 {
		found += fmt.Sprintf("; clients log in again at least every %s", e.Session.Round(time.Second))
	}
	return Row{State: OK, Found: found}
}

// brokers tells which brokers there are, and whether each can be reached where
// it says that it is.
func (l *look) brokers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	known, err := l.admin.BrokerMetadata(ctx)
	if err != nil {
		l.failed("brokers", fmt.Errorf("the cluster does not say which brokers it has: %w", err), "")
		return
	}
	var racks []string
	problems := make([]error, len(known.Brokers))
	var all sync.WaitGroup
	for i, b := range known.Brokers {
		if b.Rack != nil && *b.Rack != "" {
			racks = append(racks, *b.Rack)
		}
		all.Go(func() {
			conn, err := l.Access.Dial(ctx, "tcp", net.JoinHostPort(b.Host, fmt.Sprint(b.Port)))
			if err == nil {
				_ = conn.Close()
			}
			problems[i] = err
		})
	}
	all.Wait()
	unreachable := false
	for i, err := range problems {
		if err != nil {
			unreachable = true
			var p *access.Problem
			r := Row{Check: "brokers", State: Failed, Found: fmt.Sprintf("broker %d: %v", known.Brokers[i].NodeID, err)}
			if errors.As(err, &p) {
				r.Found, r.Fix = fmt.Sprintf("broker %d: %s", known.Brokers[i].NodeID, p.Message), p.Fix
			}
			l.add(r)
		}
	}
	if unreachable {
		return
	}
	slices.Sort(racks)
	racks = slices.Compact(racks)
	where := "racks unknown"
	if len(racks) > 0 {
		where = "racks " + strings.Join(racks, ", ")
	}
	l.ok("brokers", "%d, each reached where it says that it is; %s", len(known.Brokers), where)
}

// pings is how many requests tell the round trip.
const pings = 10

// roundTrip tells how long the smallest request takes over a connection that is open.
func (l *look) roundTrip(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var took []time.Duration
	for i := range 1 + pings { // the first opens the connection
		began := time.Now()
		if _, err := l.ping(ctx); err != nil {
			l.unknown("round trip", "not told: %v", err)
			return
		}
		if i > 0 {
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	l.ok("round trip", "%s at least, %s median, of %d", brief(took[0]), brief((took[pings/2-1]+took[pings/2])/2), pings)
}

// brief is a duration with three digits.
func brief(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
