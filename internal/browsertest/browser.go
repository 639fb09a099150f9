// Package browsertest opens HTML files in headless Chromium and tells what a
// reader would see: the rendered page, a screenshot, and what the browser
// complained about. It is used by tests only.
package browsertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"msklt/internal/kafkatest/need"
)

// View is how a page is looked at. The zero value is a light 1280 × 800 window
// with JavaScript.
type View struct {
	Width, Height int // CSS pixels; 0 means 1280 and 800
	Dark          bool
	NoScript      bool   // JavaScript is off
	Touch         bool   // a touch screen
	Fragment      string // of the address, without "#"
}

// Page is what became of a page once it was loaded.
type Page struct {
	HTML        string   // the document as rendered, scripts applied
	Text        string   // the visible text
	Problems    []string // console errors and warnings, uncaught exceptions, violations of the page's CSP
	Requests    []string // addresses asked for besides the file itself, data: and blob: left out
	ScrollWidth int      // CSS pixels; wider than the view means that the page must be scrolled sideways
	PNG         []byte   // screenshot of the whole page, its full height
}

// Need skips the test where Chromium is not asked for, and fails it where
// MSKLT_REQUIRE lists chromium and there is none. Start calls it.
func Need(t testing.TB) {
	t.Helper()
	need.Require(t, need.Chromium())
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Fatalf("looking for Chromium: %v", err)
	}
}

// Browser is a running Chromium.
type Browser struct {
	devtools *devtools
}

// Start starts a Chromium with an empty profile. It ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	Need(t)
	d, err := launch(t.TempDir())
	if err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Errorf("stopping Chromium: %v", err)
		}
	})
	return &Browser{devtools: d}
}

// Open loads an HTML file in a page of its own and returns what became of it.
func (b *Browser) Open(t testing.TB, path string, v View) Page {
	t.Helper()
	visited := b.Visit(t, path, v)
	defer visited.tab.close()
	page, err := visited.tab.look()
	if err != nil {
		t.Fatalf("looking at %s in Chromium: %v", path, err)
	}
	page.Problems, page.Requests = visited.Noted()
	return page
}

// Visit loads an HTML file in a page of its own, which can be used until the test
// ends.
func (b *Browser) Visit(t testing.TB, path string, v View) *Tab {
	t.Helper()
	address, err := fileURL(path)
	if err != nil {
		t.Fatalf("opening %s: %v", path, err)
	}
	tab, err := b.visit(address, v)
	if err != nil {
		t.Fatalf("opening %s in Chromium: %v", path, err)
	}
	return &Tab{t: t, tab: tab, address: address}
}

func fileURL(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", err
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String(), nil
}

func (b *Browser) visit(address string, v View) (*tab, error) {
	tab, err := b.devtools.newTab()
	if err != nil {
		return nil, err
	}
	if err := tab.prepare(v); err != nil {
		return nil, err
	}
	if v.Fragment != "" {
		address += "#" + v.Fragment
	}
	return tab, tab.load(address)
}

// prepare sets the view and asks for the events that note understands.
func (t *tab) prepare(v View) error {
	if v.Width == 0 {
		v.Width = 1280
	}
	if v.Height == 0 {
		v.Height = 800
	}
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	type object = map[string]any
	for _, c := range []struct {
		method string
		params object
	}{
		{"Page.enable", nil},
		{"Page.setLifecycleEventsEnabled", object{"enabled": true}},
		{"Runtime.enable", nil},
		{"Log.enable", nil},
		{"Network.enable", nil},
		{"Emulation.setDeviceMetricsOverride", object{"width": v.Width, "height": v.Height, "deviceScaleFactor": 1, "mobile": v.Touch}},
		{"Emulation.setTouchEmulationEnabled", object{"enabled": v.Touch}},
		{"Emulation.setFocusEmulationEnabled", object{"enabled": true}}, // else only one tab has the focus
		{"Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}}},
		{"Emulation.setScriptExecutionDisabled", object{"value": v.NoScript}},
	} {
		if err := t.call(c.method, c.params, nil); err != nil {
			return err
		}
	}
	return nil
}

// load returns once the page's load event is over. The loader tells it from
// that of the blank page with which a tab begins.
func (t *tab) load(address string) error {
	var started struct{ LoaderID, ErrorText string }
	if err := t.call("Page.navigate", map[string]any{"url": address}, &started); err != nil {
		return err
	}
	if started.ErrorText != "" {
		return fmt.Errorf("loading %s: %s", address, started.ErrorText)
	}
	err := t.wait(func(e event) bool {
		var p struct{ LoaderID, Name string }
		return e.Method == "Page.lifecycleEvent" && json.Unmarshal(e.Params, &p) == nil &&
			p.LoaderID == started.LoaderID && p.Name == "load"
	})
	if err != nil {
		return fmt.Errorf("waiting for %s to load: %w", address, err)
	}
	return nil
}

// look reads the loaded page.
func (t *tab) look() (Page, error) {
	var page Page
	for expression, into := range map[string]any{
		"document.documentElement.outerHTML":   &page.HTML,
		"document.body.innerText":              &page.Text,
		"document.documentElement.scrollWidth": &page.ScrollWidth,
	} {
		if err := t.evaluate(expression, into); err != nil {
			return page, err
		}
	}
	var shot struct{ Data string }
	if err := t.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot); err != nil {
		return page, err
	}
	var err error
	page.PNG, err = base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		return page, fmt.Errorf("reading the screenshot: %w", err)
	}
	return page, nil
}

func (t *tab) evaluate(expression string, into any) error {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	err := t.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if err != nil {
		return err
	}
	if e := answer.ExceptionDetails; e != nil {
		return fmt.Errorf("evaluating %.200s: %s %s", expression, e.Text, e.Exception.Description)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Result.Value, into); err != nil {
		return fmt.Errorf("evaluating %.200s: %w", expression, err)
	}
	return nil
}

// note adds to the page what an event tells of it.
func note(page *Page, address string, e event) {
	var p struct {
		Type string // of a console call
		Args []struct {
			Value       any
			Description string
		}
		Entry            struct{ Level, Text, URL string }
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Request struct{ URL string }
	}
	if err := json.Unmarshal(e.Params, &p); err != nil {
		page.Problems = append(page.Problems, fmt.Sprintf("unreadable %s event: %v", e.Method, err))
		return
	}
	switch e.Method {
	case "Runtime.consoleAPICalled":
		if p.Type == "error" || p.Type == "warning" || p.Type == "assert" {
			text := "console." + p.Type + ":"
			for _, a := range p.Args {
				if a.Value != nil {
					a.Description = fmt.Sprint(a.Value)
				}
				text += " " + a.Description
			}
			page.Problems = append(page.Problems, text)
		}
	case "Runtime.exceptionThrown":
		page.Problems = append(page.Problems, p.ExceptionDetails.Text+" "+p.ExceptionDetails.Exception.Description)
	case "Log.entryAdded":
		if p.Entry.Level == "error" || p.Entry.Level == "warning" {
			page.Problems = append(page.Problems, strings.TrimSpace(p.Entry.Text+" "+p.Entry.URL))
		}
	case "Network.requestWillBeSent":
		if u := p.Request.URL; u != address && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
			page.Requests = append(page.Requests, u)
		}
	}
}
