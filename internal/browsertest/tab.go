package browsertest

import (
	"fmt"
	"strings"
	"testing"
)

// Tab is a loaded page that a test uses as a reader would: with mouse, keyboard and
// fingers. Places are CSS pixels of the window. What fails fails the test.
type Tab struct {
	t       testing.TB
	tab     *tab
	address string
}

// Noted returns the page's problems and requests until now, as in Page.
func (b *Tab) Noted() (problems, requests []string) {
	var page Page
	for _, e := range b.tab.events() {
		note(&page, b.address, e)
	}
	return page.Problems, page.Requests
}

// Evaluate runs JavaScript in the page, which its policy does not hinder, and decodes
// the value into into unless that is nil. It waits for a promise.
func (b *Tab) Evaluate(expression string, into any) {
	b.t.Helper()
	if err := b.tab.evaluate(expression, into); err != nil {
		problems, _ := b.Noted() // what kept a promise waiting, it may be
		b.t.Fatal(err, problems)
	}
}

// Text returns what the element shows, "" where there is none.
func (b *Tab) Text(selector string) (text string) {
	b.t.Helper()
	b.Evaluate(fmt.Sprintf(`document.querySelector(%q)?.textContent ?? ""`, selector), &text)
	return text
}

// Box is where an element is in the window.
type Box struct{ X, Y, Width, Height float64 }

// At returns a point of the box, given as fractions of its width and height.
func (b Box) At(x, y float64) (float64, float64) { return b.X + x*b.Width, b.Y + y*b.Height }

// Box scrolls an element to the window's middle and returns where it is.
func (b *Tab) Box(selector string) (box Box) {
	b.t.Helper()
	b.Evaluate(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: "center"});
		const {x, y, width, height} = e.getBoundingClientRect();
		return {x, y, width, height};
	})()`, selector), &box)
	return box
}

func (b *Tab) input(method string, params map[string]any) {
	b.t.Helper()
	if err := b.tab.call("Input."+method, params, nil); err != nil {
		b.t.Fatal(err)
	}
}

func (b *Tab) mouse(kind string, x, y float64, pressed, clicks int) {
	b.t.Helper()
	button := "none"
	if kind != "mouseMoved" || pressed == 1 {
		button = "left"
	}
	b.input("dispatchMouseEvent", map[string]any{"type": kind, "x": x, "y": y, "button": button, "buttons": pressed, "clickCount": clicks})
}

// Move moves the mouse.
func (b *Tab) Move(x, y float64) {
	b.t.Helper()
	b.mouse("mouseMoved", x, y, 0, 0)
}

// Click presses and releases the mouse's left button; a second time at once when
// double.
func (b *Tab) Click(x, y float64, double bool) {
	b.t.Helper()
	b.Move(x, y)
	for clicks := 1; clicks == 1 || double && clicks == 2; clicks++ {
		b.mouse("mousePressed", x, y, 1, clicks)
		b.mouse("mouseReleased", x, y, 0, clicks)
	}
}

// Press presses the mouse's left button and moves it, in steps; Release ends that.
func (b *Tab) Press(x, y, toX, toY float64) {
	b.t.Helper()
	b.Move(x, y)
	b.mouse("mousePressed", x, y, 1, 1)
	for i := 1.0; i <= dragSteps; i++ {
		b.mouse("mouseMoved", x+(toX-x)*i/dragSteps, y+(toY-y)*i/dragSteps, 1, 0)
	}
}

// Release lets the mouse's button go.
func (b *Tab) Release(x, y float64) {
	b.t.Helper()
	b.mouse("mouseReleased", x, y, 0, 1)
}

// Drag moves the mouse with its left button pressed.
func (b *Tab) Drag(x, y, toX, toY float64) {
	b.t.Helper()
	b.Press(x, y, toX, toY)
	b.Release(toX, toY)
}

// dragSteps is in how many moves a drag reaches its end.
const dragSteps = 4

// Swipe touches the screen, moves the finger and lifts it; a tap where it does not
// move.
func (b *Tab) Swipe(x, y, toX, toY float64) {
	b.t.Helper()
	point := func(x, y float64) []map[string]any { return []map[string]any{{"x": x, "y": y}} }
	b.input("dispatchTouchEvent", map[string]any{"type": "touchStart", "touchPoints": point(x, y)})
	for i := 1.0; i <= dragSteps && (x != toX || y != toY); i++ {
		b.input("dispatchTouchEvent", map[string]any{"type": "touchMove", "touchPoints": point(x+(toX-x)*i/dragSteps, y+(toY-y)*i/dragSteps)})
	}
	b.input("dispatchTouchEvent", map[string]any{"type": "touchEnd", "touchPoints": []any{}})
}

// Key presses a key by its name in KeyboardEvent.key; "Shift+" before it holds Shift.
func (b *Tab) Key(name string) {
	b.t.Helper()
	key, shift := strings.CutPrefix(name, "Shift+")
	code := keyCode(key)
	if code == 0 {
		b.t.Fatalf("no key code is known for %q", key)
	}
	params := map[string]any{"type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
	if shift {
		params["modifiers"] = 8
	}
	if key == "Enter" {
		params["type"], params["text"] = "keyDown", "\r"
	}
	b.input("dispatchKeyEvent", params)
	delete(params, "text")
	params["type"] = "keyUp"
	b.input("dispatchKeyEvent", params)
}

// keyCode is Windows's virtual key code, by which Chromium knows what a key does; 0
// for a key that no test needs yet.
func keyCode(key string) int {
	switch key {
	case "Tab":
		return 9
	case "Enter":
		return 13
	case "Escape":
		return 27
	case "End":
		return 35
	case "Home":
		return 36
	case "ArrowLeft":
		return 37
	case "ArrowUp":
		return 38
	case "ArrowRight":
		return 39
	case "ArrowDown":
		return 40
	}
	return 0
}
