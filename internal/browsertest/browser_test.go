package browsertest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const head = `<!doctype html><html><head><meta charset="utf-8"><title>t</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>body{margin:0;background:#ffffff;color:#000} @media (prefers-color-scheme: dark){body{background:#102030;color:#fff}}</style>
</head><body>`

func write(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a page.html")
	if err := os.WriteFile(path, []byte(head+body), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestChromiumCleanPage(t *testing.T) {
	b := Start(t)
	p := b.Open(t, write(t, `<p id=a>before</p><div style="height:2000px"></div><script>document.getElementById("a").textContent="after"</script>`), View{Width: 400})
	if p.Text != "after" {
		t.Errorf("text %q, want %q", p.Text, "after")
	}
	if !strings.Contains(p.HTML, `<p id="a">after</p>`) {
		t.Errorf("rendered page lacks the script's text: %s", p.HTML)
	}
	if len(p.Problems) != 0 || len(p.Requests) != 0 {
		t.Errorf("problems %q, requests %q, want none", p.Problems, p.Requests)
	}
	if p.ScrollWidth != 400 {
		t.Errorf("scroll width %d, want 400", p.ScrollWidth)
	}
	if size := decode(t, p.PNG).Bounds().Size(); size.X != 400 || size.Y < 2000 {
		t.Errorf("screenshot %v, want 400 wide and the page's whole height, above 2000", size)
	}
}

func TestChromiumLightAndDark(t *testing.T) {
	b := Start(t)
	path := write(t, "<p>text</p>")
	for dark, want := range map[bool]color.RGBA{false: {255, 255, 255, 255}, true: {16, 32, 48, 255}} {
		shot := decode(t, b.Open(t, path, View{Dark: dark}).PNG)
		corner := shot.Bounds().Max.Sub(image.Pt(1, 1))
		if got := color.RGBAModel.Convert(shot.At(corner.X, corner.Y)); got != want {
			t.Errorf("dark %v: background %v, want %v", dark, got, want)
		}
	}
}

func TestChromiumNoScript(t *testing.T) {
	b := Start(t)
	path := write(t, `<p id=a>before</p><script>document.getElementById("a").textContent="after"</script>`)
	if p := b.Open(t, path, View{NoScript: true}); p.Text != "before" {
		t.Errorf("without JavaScript the text is %q, want %q", p.Text, "before")
	}
}

func TestChromiumProblems(t *testing.T) {
	b := Start(t)
	cases := []struct{ name, body, problem string }{
		{"console error", `<script>console.error("disk", 42)</script>`, "console.error: disk 42"},
		{"exception", `<script>missing()</script>`, "missing is not defined"},
		{"blocked by the page's policy", `<img src="http://127.0.0.1:9/x.png">`, "Content Security Policy"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := b.Open(t, write(t, c.body), View{})
			if !slices.ContainsFunc(p.Problems, func(s string) bool { return strings.Contains(s, c.problem) }) {
				t.Errorf("problems %q, want one with %q", p.Problems, c.problem)
			}
		})
	}
}

func TestChromiumWideAndReferring(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	page := `<!doctype html><link rel=stylesheet href=style.css><div style="width:900px">wide</div>`
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "style.css"), []byte("body{margin:0}"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := Start(t).Open(t, path, View{Width: 360})
	if p.ScrollWidth != 900 {
		t.Errorf("scroll width %d, want 900", p.ScrollWidth)
	}
	if len(p.Requests) != 1 || !strings.HasSuffix(p.Requests[0], "/style.css") {
		t.Errorf("requests %q, want that for style.css", p.Requests)
	}
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	shot, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("reading the screenshot: %v", err)
	}
	return shot
}

// axe-core finds what is wrong, and nothing where nothing is.
func TestChromiumViolations(t *testing.T) {
	b := Start(t)
	for body, rule := range map[string]string{
		`<main><h1>t</h1><button>a</button></main>`:                              "",
		`<main><h1>t</h1><button></button></main>`:                               "critical button-name: ",
		`<main><h1>t</h1><p style="color:#aaa;background:#fff">faint</p></main>`: "serious color-contrast: ",
	} {
		path := write(t, body)
		if err := os.WriteFile(path, []byte(strings.Replace(head, "<html>", `<html lang="en">`, 1)+body), 0o644); err != nil {
			t.Fatal(err)
		}
		found := b.Visit(t, path, View{}).Violations()
		if rule == "" && len(found) != 0 || rule != "" && (len(found) != 1 || !strings.HasPrefix(found[0], rule)) {
			t.Errorf("%s: %q, want %q", body, found, rule)
		}
	}
}
