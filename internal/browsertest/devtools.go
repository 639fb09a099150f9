package browsertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

const (
	callTimeout  = 60 * time.Second // a cold Chromium on a busy machine takes seconds
	closeTimeout = 60 * time.Second // then it is killed, and its helpers may still write to the profile
)

// devtools speaks the Chrome DevTools Protocol with a Chromium over two pipes:
// JSON messages, each ended by a zero byte.
type devtools struct {
	cmd      *exec.Cmd
	stderr   bytes.Buffer // to be read after the end
	requests *os.File

	mu      sync.Mutex
	arrived *sync.Cond // an answer or an event, or the end
	lastID  int
	answers map[int]message
	logs    map[string][]event // by session
	ended   error
}

// message is what Chromium sends: an answer if it has an ID, else an event.
type message struct {
	ID        int             `json:"id"`
	SessionID string          `json:"sessionId"`
	Result    json.RawMessage `json:"result"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error"`
	event
}

type event struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

func launch(profile string) (*devtools, error) {
	requestsRead, requestsWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	answersRead, answersWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, requestsRead.Close(), requestsWrite.Close())
	}
	cmd := exec.Command("chromium",
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--hide-scrollbars", "--user-data-dir="+profile, "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{requestsRead, answersWrite} // its descriptors 3 and 4, as the flag wants them
	d := &devtools{cmd: cmd, requests: requestsWrite, answers: map[int]message{}, logs: map[string][]event{}}
	d.arrived = sync.NewCond(&d.mu)
	// Wait returns when nobody holds stderr any more: when the helper processes,
	// which write to the profile, have ended too.
	cmd.Stderr, cmd.WaitDelay = &d.stderr, closeTimeout
	err = cmd.Start()
	requestsRead.Close()
	answersWrite.Close()
	if err != nil {
		return nil, errors.Join(err, requestsWrite.Close(), answersRead.Close())
	}
	go d.read(answersRead)
	return d, nil
}

// read files what Chromium sends until it ends.
func (d *devtools) read(from *os.File) {
	defer from.Close()
	r := bufio.NewReader(from)
	for {
		text, err := r.ReadBytes(0)
		var m message
		if err == nil {
			err = json.Unmarshal(text[:len(text)-1], &m)
		}
		d.mu.Lock()
		switch {
		case err != nil:
			d.ended = fmt.Errorf("reading from Chromium: %w", err)
		case m.ID != 0:
			d.answers[m.ID] = m
		default:
			d.logs[m.SessionID] = append(d.logs[m.SessionID], m.event)
		}
		d.arrived.Broadcast()
		d.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// call sends a command, for a session unless that is "", and decodes its result
// into result unless that is nil.
func (d *devtools) call(session, method string, params map[string]any, result any) error {
	d.mu.Lock()
	d.lastID++
	id := d.lastID
	d.mu.Unlock()
	request := map[string]any{"id": id, "method": method}
	if params != nil {
		request["params"] = params
	}
	if session != "" {
		request["sessionId"] = session
	}
	text, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if _, err := d.requests.Write(append(text, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	var answer message
	err = d.waitFor(func() (ok bool) {
		answer, ok = d.answers[id]
		delete(d.answers, id)
		return ok
	})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s: %s", method, answer.Error.Message)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// waitFor returns once done, which is called with the lock held, reports true.
func (d *devtools) waitFor(done func() bool) error {
	late := false
	timer := time.AfterFunc(callTimeout, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		late = true
		d.arrived.Broadcast()
	})
	defer timer.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for !done() {
		if d.ended != nil {
			return d.ended
		}
		if late {
			return fmt.Errorf("no answer within %v", callTimeout)
		}
		d.arrived.Wait()
	}
	return nil
}

// close ends Chromium, gently at first.
func (d *devtools) close() error {
	asked := d.call("", "Browser.close", nil, nil)
	d.requests.Close()
	kill := time.AfterFunc(closeTimeout, func() { d.cmd.Process.Kill() })
	defer kill.Stop()
	_ = d.cmd.Wait() // the exit code says nothing about the page
	if asked != nil {
		return fmt.Errorf("%w; Chromium said:\n%s", asked, d.stderr.String())
	}
	return nil
}

// tab is one page of the browser.
type tab struct {
	devtools *devtools
	target   string
	session  string
}

func (d *devtools) newTab() (*tab, error) {
	t := &tab{devtools: d}
	var created struct{ TargetID string }
	if err := d.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &created); err != nil {
		return nil, err
	}
	t.target = created.TargetID
	var attached struct{ SessionID string }
	err := d.call("", "Target.attachToTarget", map[string]any{"targetId": t.target, "flatten": true}, &attached)
	t.session = attached.SessionID
	return t, err
}

func (t *tab) call(method string, params map[string]any, result any) error {
	return t.devtools.call(t.session, method, params, result)
}

// wait returns once the page has sent an event that is wanted.
func (t *tab) wait(wanted func(event) bool) error {
	return t.devtools.waitFor(func() bool {
		return slices.ContainsFunc(t.devtools.logs[t.session], wanted)
	})
}

// events returns what the page has sent so far.
func (t *tab) events() []event {
	t.devtools.mu.Lock()
	defer t.devtools.mu.Unlock()
	return t.devtools.logs[t.session]
}

func (t *tab) close() {
	// A page that does not close goes with the browser.
	_ = t.devtools.call("", "Target.closeTarget", map[string]any{"targetId": t.target}, nil)
}
