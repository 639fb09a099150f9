package preflight

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"msklt/internal/access"
	"msklt/scenario"
)

// certificateMargin is for how long a certificate should still be valid.
const certificateMargin = 14 * 24 * time.Hour

// enter goes into the cluster by each of its addresses, and tells by stages how far
// that went; then each of its brokers. Without one that leads in, or without one of the
// brokers, there is nothing more to look at.
func (l *look) enter(whole context.Context) bool {
	ctx, cancel := context.WithTimeout(whole, stepTimeout)
	defer cancel()
	attempts := l.Access.TryEach(ctx, l.Access.Bootstrap)
	in := slices.DeleteFunc(slices.Clone(attempts), func(a access.Attempt) bool { return a.Problem != nil })
	l.names(ctx)
	l.stage("connection", access.TCP, attempts, in, func(access.Attempt) Row { return l.connected(attempts) })
	l.stage("tls", access.TLS, attempts, in, func(a access.Attempt) Row { return l.encrypted(a.Entered) })
	l.stage("protocol", access.Kafka, attempts, in, nil)
	l.stage("login", access.Login, attempts, in, func(a access.Attempt) Row { return l.loggedIn(a.Entered) })
	if len(in) == 0 && l.Access.Mechanism == scenario.MSKIAM && slices.ContainsFunc(attempts, func(a access.Attempt) bool { return a.Problem.Stage == access.Login }) {
		l.awsClock(ctx)
	}
	return len(in) > 0 && l.brokers(whole, in[0].Entered.Brokers)
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
func (l *look) stage(check string, s access.Stage, attempts, in []access.Attempt, saw func(access.Attempt) Row) {
	for _, a := range attempts {
		at := func(stages ...access.Stage) bool { return a.Problem != nil && slices.Contains(stages, a.Problem.Stage) }
		if !at(s) && !(s == access.TCP && at(access.DNS)) && !(s == access.Kafka && at(access.Setup)) {
			continue
		}
		r := Row{Check: check, State: Failed, Found: a.Problem.Message, Fix: a.Problem.Fix}
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

func (l *look) connected(attempts []access.Attempt) Row {
	answer := 0
	for _, a := range attempts {
		if a.Problem == nil || a.Problem.Stage != access.DNS && a.Problem.Stage != access.TCP {
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

// brokers tells which brokers there are, and whether each can be entered where it says
// that it is: else what is looked at next would tell of nothing but that.
func (l *look) brokers(ctx context.Context, all []access.Broker) bool {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout) // not what a silent address left
	defer cancel()
	problems := l.Access.TryBrokers(ctx, all)
	for _, p := range problems {
		l.add(Row{Check: "brokers", State: Failed, Found: p.Message, Fix: p.Fix})
	}
	if len(problems) > 0 {
		return false
	}
	var racks []string
	for _, b := range all {
		if b.Rack != "" {
			racks = append(racks, b.Rack)
		}
	}
	slices.Sort(racks)
	racks = slices.Compact(racks)
	where := "racks unknown"
	if len(racks) > 0 {
		where = "racks " + strings.Join(racks, ", ")
	}
	l.ok("brokers", "%d, each entered where it says that it is; %s", len(all), where)
	return true
}

// pings is how many requests tell the round trip.
const pings = 10

// roundTrip tells how long the smallest request takes over a connection that is open.
func (l *look) roundTrip(ctx context.Context) {
	ctx, cancel := l.meeting.Within(ctx, stepTimeout)
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
