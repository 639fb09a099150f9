package generator

import (
	"cmp"
	"errors"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"msklt/report"
)

// errorLog counts errors by place and text. Texts beyond a bound count as one.
type errorLog struct {
	mu     sync.Mutex
	seen   map[errorKey]*report.ErrorCount
	events *eventLog // each text is an event when it is first seen
}

type errorKey struct{ where, text string }

const maxErrorTexts = 100

func newErrorLog(events *eventLog) *errorLog {
	return &errorLog{seen: map[errorKey]*report.ErrorCount{}, events: events}
}

func (l *errorLog) add(where string, err error, at time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := errorKey{where, lasting(err)}
	if _, ok := l.seen[k]; !ok && len(l.seen) >= maxErrorTexts {
		k = errorKey{where, "other errors"}
	}
	if e, ok := l.seen[k]; ok {
		e.Count++
		return
	}
	l.events.add("error", at, 0, -1, k.where+": "+k.text)
	l.seen[k] = &report.ErrorCount{Where: k.where, Error: k.text, Count: 1, FirstAt: at.Seconds()}
}

// requestID is what Amazon MSK puts in front of why it refuses a login.
var requestID = regexp.MustCompile(`\[[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\]: `)

// lasting is an error's text without what makes each text another: this machine's end
// of a connection, and the name of a login.
func lasting(err error) string {
	if tooManyConnects(err) {
		return "the broker refused a login for a limit on its connections: Too many connects"
	}
	text := err.Error()
	var op *net.OpError
	if errors.As(err, &op) && op.Source != nil {
		text = strings.ReplaceAll(text, op.Source.String()+"->", "")
	}
	return requestID.ReplaceAllString(text, "")
}

func (l *errorLog) list() []report.ErrorCount {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []report.ErrorCount{}
	for _, e := range l.seen {
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b report.ErrorCount) int {
		return cmp.Or(cmp.Compare(a.FirstAt, b.FirstAt), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Error, b.Error))
	})
	return out
}

// counts is how many errors there were in each place.
func (l *errorLog) counts() map[string]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]int64{}
	for k, e := range l.seen {
		out[k.where] += e.Count
	}
	return out
}
