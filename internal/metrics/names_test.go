package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"msklt/internal/limits"
)

// described are the labels of all metrics, by name.
func described(t *testing.T) map[string][]string {
	t.Helper()
	to := make(chan *prometheus.Desc)
	go func() {
		newCollector(nil).Describe(to)
		close(to)
	}()
	parts := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	out := map[string][]string{}
	for d := range to {
		m := parts.FindStringSubmatch(d.String())
		if m == nil || d.Err() != nil {
			t.Fatalf("%s: %v", d, d.Err())
		}
		out[m[1]] = strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' })
	}
	return out
}

// TestEveryLimitHasAName holds that each limit of each profile can be served.
func TestEveryLimitHasAName(t *testing.T) {
	have := ofLimits()
	for _, profile := range limits.Profiles() {
		for name := range limits.ProfileValues(profile) {
			if _, ok := have[limits.Name(name).Unit()]; !ok {
				t.Errorf("%s of %s: no metric for %s", name, profile, limits.Name(name).Unit())
			}
		}
	}
}

// TestPage holds that the page lists every metric with its labels, and no other.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string][]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(msklt_[a-z0-9_]+)` \\|([^|]*)\\|").FindAllStringSubmatch(string(page), -1) {
		listed[m[1]] = regexp.MustCompile(`[a-z]+`).FindAllString(m[2], -1)
	}
	have := described(t)
	for name, labels := range have {
		if of, ok := listed[name]; !ok || !slices.Equal(of, labels) {
			t.Errorf("docs/metrics.md lists %s with the labels %v (%v), it has %v", name, of, ok, labels)
		}
	}
	for name := range listed {
		if _, ok := have[name]; !ok {
			t.Errorf("docs/metrics.md lists %s, which is not served", name)
		}
	}
}

// dashboard is what of a Grafana dashboard is held against the metrics.
type dashboard struct {
	Title         string
	UID           string `json:"uid"`
	SchemaVersion int
	Templating    struct {
		List []struct{ Name, Type string }
	}
	Panels []panel
}

type panel struct {
	ID          int
	Title, Type string
	GridPos     struct{ X, Y, W, H int }
	Description string
	Datasource  *struct{ Type, UID string }
	FieldConfig struct{ Defaults struct{ Unit string } }
	Targets     []struct{ Expr, RefID, LegendFormat string }
}

// TestDashboard holds that the dashboard is one, asks only for metrics and labels that
// are served, and lays no panel over another.
func TestDashboard(t *testing.T) {
	data, err := os.ReadFile("../../docs/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	// 39 is Grafana 11's.
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 39 || len(d.Panels) == 0 {
		t.Fatalf("title %q, uid %q, schema version %d, %d panels", d.Title, d.UID, d.SchemaVersion, len(d.Panels))
	}
	have := described(t)
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d %q: no title, or an id that another has", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if taken[at] != "" || at[0] >= 24 {
					t.Fatalf("panel %q lies over %q, or out of the page", p.Title, taken[at])
				}
				taken[at] = p.Title
			}
		}
		if p.Type != "row" {
			checkPanel(t, p, have)
		}
	}
}

func checkPanel(t *testing.T, p panel, have map[string][]string) {
	t.Helper()
	if len(p.Targets) == 0 || p.Datasource == nil || p.Datasource.UID != "${datasource}" || p.Description == "" {
		t.Errorf("panel %q: %d expressions, data source %v, description %q", p.Title, len(p.Targets), p.Datasource, p.Description)
	}
	if p.FieldConfig.Defaults.Unit == "" && p.Type != "heatmap" && p.Type != "table" {
		t.Errorf("panel %q has no unit", p.Title)
	}
	for _, target := range p.Targets {
		names := regexp.MustCompile(`\bmsklt_[a-z0-9_]+`).FindAllString(target.Expr, -1)
		if len(names) == 0 {
			t.Errorf("panel %q: no metric in %s", p.Title, target.Expr)
		}
		labels := []string{"instance", "job"}
		for _, name := range names {
			of, ok := have[name]
			if !ok {
				t.Errorf("panel %q asks for %s, which is not served", p.Title, name)
			}
			labels = append(labels, of...)
		}
		used := regexp.MustCompile(`(?:by|on|ignoring|group_left) ?\(([a-z, ]*)\)|([a-z]+)(?:=~|!=|!~|=)"|\{\{([a-z]+)\}\}`)
		for _, m := range used.FindAllStringSubmatch(target.Expr+" "+target.LegendFormat, -1) {
			for _, label := range strings.FieldsFunc(m[1]+m[2]+m[3], func(r rune) bool { return r == ',' || r == ' ' }) {
				if !slices.Contains(labels, label) {
					t.Errorf("panel %q uses the label %s, which its metrics %v do not have", p.Title, label, names)
				}
			}
		}
	}
}
