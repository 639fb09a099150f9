package browsertest

import (
	"slices"
	"testing"
)

// Input reaches the page as events of the right kind, place and order.
func TestChromiumInput(t *testing.T) {
	b := Start(t)
	path := write(t, `<button id=a style="position:absolute;left:50px;top:1200px;width:100px;height:40px;touch-action:none">text</button>
<script>
const seen = [];
for (const name of ["pointerdown", "pointerup", "click", "dblclick", "keydown"])
  addEventListener(name, e => seen.push([name, e.pointerType, e.clientX, e.key, e.shiftKey && "shift"].filter(Boolean).join(" ")));
addEventListener("pointermove", e => { if (e.buttons) seen.push("moved " + e.pointerType + " " + e.clientX) });
</script>`)
	seen := func(tab *Tab) (events []string) {
		tab.Evaluate(`seen.splice(0)`, &events)
		return events
	}
	tab := b.Visit(t, path, View{Fragment: "part"})
	box := tab.Box("#a")
	if box.X != 50 || box.Width != 100 || box.Height != 40 || box.Y < 0 || box.Y > 760 {
		t.Errorf("the button is at %+v, want it 50 from the left and in the window", box)
	}
	if text := tab.Text("#a"); text != "text" || tab.Text("#missing") != "" {
		t.Errorf("text %q", text)
	}
	x, y := box.At(0.5, 0.5)
	touch := b.Visit(t, path, View{Touch: true})
	touchX, touchY := touch.Box("#a").At(0.5, 0.5)
	for _, c := range []struct {
		name string
		tab  *Tab
		do   func()
		want []string
	}{
		{"click", tab, func() { tab.Click(x, y, false) }, []string{"pointerdown mouse 100", "pointerup mouse 100", "click mouse 100"}},
		{"double click", tab, func() { tab.Click(x, y, true) }, []string{"pointerdown mouse 100", "pointerup mouse 100", "click mouse 100",
			"pointerdown mouse 100", "pointerup mouse 100", "click mouse 100", "dblclick 100"}},
		{"drag", tab, func() { tab.Drag(x, y, x+20, y) }, []string{"pointerdown mouse 100", "moved mouse 105", "moved mouse 110",
			"moved mouse 115", "moved mouse 120", "pointerup mouse 120", "click mouse 120"}},
		{"key", tab, func() { tab.Key("Shift+ArrowLeft") }, []string{"keydown ArrowLeft shift"}},
		{"enter", tab, func() { tab.Key("Enter") }, []string{"keydown Enter", "click"}},
		{"swipe", touch, func() { touch.Swipe(touchX, touchY, touchX+40, touchY) }, []string{"pointerdown touch 100", "moved touch 110",
			"moved touch 120", "moved touch 130", "moved touch 140", "pointerup touch 140"}},
	} {
		seen(c.tab)
		c.do()
		if got := seen(c.tab); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	var hash string
	if tab.Evaluate(`Promise.resolve(location.hash)`, &hash); hash != "#part" {
		t.Errorf("the address ends in %q, want #part", hash)
	}
	tab.Evaluate(`console.error("wrong")`, nil)
	if problems, _ := tab.Noted(); !slices.Equal(problems, []string{"console.error: wrong"}) {
		t.Errorf("problems %q", problems)
	}
}
