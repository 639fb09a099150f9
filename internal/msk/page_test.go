package msk

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"msklt/internal/cost"
)

const page = "../../docs/msk.md"

// part is what follows a mark on the page, up to an empty line.
func part(t *testing.T, mark string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)<!-- ` + mark + ` -->\n(.*?)\n\n`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("docs/msk.md has no %s", mark)
	}
	return string(m[1])
}

// TestPagePolicy holds that the policy on the page has every action that msklt asks
// for, and no other.
func TestPagePolicy(t *testing.T) {
	actions := []Action{}
	for _, n := range Needs() {
		actions = append(actions, n.Actions...)
	}
	actions = append(actions, DescribeClusterV2, GetBootstrapBrokers)
	if got, want := part(t, "policy"), "```json\n"+PolicyFor(actions, "")+"\n```"; got != want {
		t.Errorf("docs/msk.md has\n%s\nwanted is\n%s", got, want)
	}
}

// TestPageNeeds holds that each operation is on the page, with its action.
func TestPageNeeds(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range Needs() {
		if !strings.Contains(string(text), fmt.Sprintf("| %s | `%s` |", n.Operation, n.Actions[0])) {
			t.Errorf("docs/msk.md lacks %s, %s", n.Operation, n.Actions[0])
		}
	}
}

// TestPagePrices holds the table of prices against those that plans are made with.
func TestPagePrices(t *testing.T) {
	prices, err := cost.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for name, p := range prices.Prices {
		if size, ok := strings.CutPrefix(name, "standard.m"); ok && !strings.HasSuffix(size, ".large") {
			continue // in proportion to the large one
		}
		if size, ok := strings.CutPrefix(name, "express.m"); ok && !strings.HasSuffix(size, ".large") {
			continue
		}
		want = append(want, fmt.Sprintf("| %s | $%v | %s |", name, p.Value, p.Unit))
	}
	slices.Sort(want)
	if got := strings.Split(part(t, "prices"), "\n")[2:]; !slices.Equal(got, want) {
		t.Errorf("docs/msk.md has\n%s\nwanted is\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestProportion holds what the page says of prices that it leaves out.
func TestProportion(t *testing.T) {
	prices, err := cost.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range prices.Prices {
		m := regexp.MustCompile(`^((?:express|standard)\.m\w+)\.(\d*)xlarge$`).FindStringSubmatch(name)
		if m == nil {
			continue
		}
		times := 1.0
		if m[2] != "" {
			fmt.Sscan(m[2], &times)
		}
		if large := prices.Prices[m[1]+".large"].Value; p.Value-2*times*large > 1e-9 || 2*times*large-p.Value > 1e-9 {
			t.Errorf("%s costs %v, not %v times %v", name, p.Value, 2*times, large)
		}
	}
}
