package browsertest

import (
	"os"
	"strings"
)

// Violations runs axe-core in the page as it is now and returns what it finds to be of
// serious or critical impact: the rule, what it asks for, and where.
//
// MSKLT_AXE is the path of axe-core's script; `make test` fetches it and sets it.
func (b *Tab) Violations() []string {
	b.t.Helper()
	if os.Getenv("MSKLT_AXE") == "" {
		b.t.Fatal("MSKLT_REQUIRE lists chromium, but MSKLT_AXE names no script of axe-core; make test sets both")
	}
	script, err := os.ReadFile(os.Getenv("MSKLT_AXE"))
	if err != nil {
		b.t.Fatalf("no axe-core in MSKLT_AXE: %v; make test puts it there", err)
	}
	var found []struct {
		ID, Impact, Help string
		Places           []string
	}
	b.Evaluate("globalThis.axe || (() => {"+string(script)+"})(); undefined ?? null", nil)
	b.Evaluate(`axe.run(document).then(result => {
		if (result.passes.length === 0) throw new Error("axe-core checked nothing");
		return result.violations.filter(v => v.impact === "serious" || v.impact === "critical")
			.map(({id, impact, help, nodes}) => ({id, impact, help, places: nodes.map(n => n.html.slice(0, 200))}));
	})`, &found)
	var violations []string
	for _, v := range found {
		violations = append(violations, v.Impact+" "+v.ID+": "+v.Help+": "+strings.Join(v.Places, " | "))
	}
	return violations
}
