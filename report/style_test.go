package report

import (
	"os"
	"regexp"
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
				if ratio := contrast(a, b); ratio < 4.5 {
					t.Errorf("%s: %s on %s is %.2f to 1", theme, ink, ground, ratio)
				}
			}
		}
		// Lines and bars need 3 to 1. Throttled time is also named in the key and in the
		// table: its fill is enough where it stands beside what it is not.
		for _, line := range []string{"blue", "teal", "orange", "violet", "gray"} {
			if ratio := contrast(colors[line], colors["page"]); ratio < 3 {
				t.Errorf("%s: lines in %s are %.2f to 1", theme, line, ratio)
			}
		}
	}
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

// luminance is WCAG's relative luminance of a colour, rrggbb.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	c := parseColor(t, hex)
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}
