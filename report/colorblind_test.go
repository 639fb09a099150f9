package report

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// rgb is a colour in linear light, 0 to 1.
type rgb [3]float64

// eye turns colours into those that it sees.
type eye [3]rgb

// eyes are the three kinds of colour blindness at their fullest, as Machado, Oliveira
// and Fernandes give them (2009).
func eyes() map[string]eye {
	return map[string]eye{
		"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
		"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
	}
}

func (e eye) of(c rgb) (out rgb) {
	for i, row := range e {
		out[i] = min(max(row[0]*c[0]+row[1]*c[1]+row[2]*c[2], 0), 1)
	}
	return out
}

// distance is CIE's of 1976: 2.3 is just noticed.
func distance(a, b rgb) float64 {
	p, q := lab(a), lab(b)
	return math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2]))
}

// lab is a colour in CIELAB, of sRGB's primaries and white.
func lab(c rgb) [3]float64 {
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x := f((0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.9505)
	y := f(0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2])
	z := f((0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func parseColor(t *testing.T, hex string) (c rgb) {
	t.Helper()
	for i := range c {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c[i] = linearLight(float64(n) / 255)
	}
	return c
}

// palettes are a stylesheet's colours in light and in dark, whose part ends where rest
// begins.
func palettes(t *testing.T, file, rest string) map[string]map[string]rgb {
	t.Helper()
	css, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(css), "@media screen and (prefers-color-scheme: dark)")
	dark, _, _ = strings.Cut(dark, rest)
	out := map[string]map[string]rgb{}
	for theme, text := range map[string]string{"light": light, "dark": dark} {
		out[theme] = map[string]rgb{}
		for _, m := range regexp.MustCompile(`--([a-z]+[0-9]*): #([0-9a-f]{6});`).FindAllStringSubmatch(text, -1) {
			out[theme][m[1]] = parseColor(t, m[2])
		}
	}
	return out
}

// linearLight undoes sRGB's gamma.
func linearLight(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// The colours of more and of less, and of one step of either and the next, are told apart
// by such eyes, too, and so are the colours of no difference and of the least one.
func TestComparisonStyleForColourBlind(t *testing.T) {
	for theme, colors := range palettes(t, "compare.css", ".comparison") {
		if want := 2*differenceLevels + 1; len(colors) != want {
			t.Fatalf("%s: %d colours, want %d", theme, len(colors), want)
		}
		for name, eye := range eyes() {
			for level := range 2 * differenceLevels {
				a, b := differenceClass(level), differenceClass(level+1)
				if d := distance(eye.of(colors[a]), eye.of(colors[b])); d < 7 {
					t.Errorf("%s, %s: %s and %s are %.1f apart", theme, name, a, b, d)
				}
			}
			for step := range differenceLevels {
				less, more := differenceClass(step), differenceClass(2*differenceLevels-step)
				if d := distance(eye.of(colors[less]), eye.of(colors[more])); d < 10 {
					t.Errorf("%s, %s: %s and %s are %.1f apart", theme, name, less, more, d)
				}
			}
		}
	}
}

// The causes in the stacked chart, and the groups' lines, can be told apart by those who
// do not tell red from green or blue from yellow: any two differ in how light they are,
// or in the colours that are left to such eyes.
func TestStyleForColourBlind(t *testing.T) {
	for theme, colors := range palettes(t, "style.css", ".within-limits") {
		for _, set := range [][]string{{"shade", "blue", "teal", "gray"}, {"blue", "teal", "orange", "gray"}} {
			for i, a := range set {
				for _, b := range set[i+1:] {
					for name, eye := range eyes() {
						if d := distance(eye.of(colors[a]), eye.of(colors[b])); d < 10 {
							t.Errorf("%s, %s: %s and %s are %.1f apart", theme, name, a, b, d)
						}
					}
				}
			}
		}
	}
}
