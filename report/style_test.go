package report

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Text has the contrast that WCAG 2.2 asks of level AA, 4.5 to 1, on every
// background that it stands on, in light and in dark.
func TestStyleContrast(t *testing.T) {
	css, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(css), "@media screen and (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("no dark colours")
	}
	dark, _, _ = strings.Cut(dark, ".within-limits")
	for theme, text := range map[string]string{"light": light, "dark": dark} {
		colors := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z]+): #([0-9a-f]{6});`).FindAllStringSubmatch(text, -1) {
			colors[m[1]] = luminance(t, m[2])
		}
		for _, ink := range []string{"text", "quiet", "blue", "teal", "orange", "red", "violet"} {
			for _, ground := range []string{"page", "raised", "faint"} {
				a, known := colors[ink]
				b, alsoKnown := colors[ground]
				if !known || !alsoKnown {
					t.Fatalf("%s: %s or %s has no colour", theme, ink, ground)
				}
				ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05)
				if ratio < 4.5 {
					t.Errorf("%s: %s on %s is %.2f to 1", theme, ink, ground, ratio)
				}
			}
		}
	}
}

// luminance is WCAG's relative luminance of a colour, rrggbb.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
