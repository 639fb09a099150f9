package scenario

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	referenceFile       = "../docs/scenario.md"
	targetReferenceFile = "../docs/target.md"
)

// TestReferenceIsFresh holds the tables of the reference pages against the
// decoder: every field stands in one of them, with what it may be, its default
// and its meaning. With UPDATE_GOLDEN=1 they are written; the text round them is
// by hand. A table of the fields below a path stands between the lines
// <!-- fields: PATH --> and <!-- end -->, without those that have their own.
func TestReferenceIsFresh(t *testing.T) {
	t.Run("scenario", func(t *testing.T) { checkReference(t, scenarioFormat(), referenceFile, 5) })
	t.Run("target", func(t *testing.T) { checkReference(t, targetFormat(), targetReferenceFile, 1) })
}

func checkReference(t *testing.T, format fileFormat, file string, leastTables int) {
	fields, err := format.language()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?s)<!-- fields:( \S+)? -->\n.*?<!-- end -->`)
	var paths []string
	for _, m := range blocks.FindAllSubmatch(page, -1) {
		paths = append(paths, strings.TrimSpace(string(m[1])))
	}
	if len(paths) < leastTables || paths[0] != "" {
		t.Fatalf("the page has tables of %q, want several, the first of the whole file", paths)
	}
	inOrder(fields, format.texts)
	tables := map[string]string{}
	for _, f := range fields {
		home := ""
		for _, p := range paths {
			if below(f.path, p) && len(p) >= len(home) {
				home = p
			}
		}
		if _, name := splitPath(f.path); name != "*" && name != "[]" || f.forms[0].kind == textForm {
			tables[home] += row(f, home)
		}
	}
	want := blocks.ReplaceAllStringFunc(string(page), func(block string) string {
		given := blocks.FindStringSubmatch(block)[1]
		table := tables[strings.TrimSpace(given)]
		if table == "" {
			t.Errorf("there is no field below%s", given)
		}
		return fmt.Sprintf("<!-- fields:%s -->\n| field | value | default | meaning |\n|---|---|---|---|\n%s<!-- end -->", given, table)
	})
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("%s is not what the decoder asks for; UPDATE_GOLDEN=1 go test ./scenario writes it", file)
	}
}

// TestReferenceOfMetrics holds the page's table of metrics against the ones that
// there are. With UPDATE_GOLDEN=1 it is written.
func TestReferenceOfMetrics(t *testing.T) {
	page, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	var order []string
	for _, m := range metrics() {
		of := append([]string{"the run"}, m.of...)
		row := fmt.Sprintf("`%s` | %s |", strings.Join(of, "`, `"), shortName(m.unit.want))
		if rows[row] == nil {
			order = append(order, row)
		}
		rows[row] = append(rows[row], "`"+m.name+"`")
	}
	table := "| metric | of | bound |\n|---|---|---|\n"
	for _, row := range order {
		table += "| " + strings.Join(rows[row], ", ") + " | " + strings.Replace(row, "`the run`", "the run", 1) + "\n"
	}
	block := regexp.MustCompile(`(?s)<!-- metrics -->\n.*?<!-- end -->`)
	want := block.ReplaceAllLiteralString(string(page), "<!-- metrics -->\n"+table+"<!-- end -->")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(referenceFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) || !block.Match(page) {
		t.Errorf("%s does not have the metrics of thresholds; UPDATE_GOLDEN=1 go test ./scenario writes it", referenceFile)
	}
}

// inOrder sorts fields as the descriptions have them, and what these lack behind.
func inOrder(fields []*field, descriptions []byte) {
	place := func(f *field) int {
		all := "\n" + string(descriptions) + "\n" + string(descriptionsYAML)
		return strings.Index(all, "\n"+f.path+": ")
	}
	slices.SortStableFunc(fields, func(a, b *field) int { return place(a) - place(b) })
}

// below tells whether a field lies below a path, and not at it.
func below(field, path string) bool {
	rest, ok := strings.CutPrefix(field, path)
	return ok && rest != "" && (path == "" || rest[0] == '.' || rest[0] == '[')
}

// row is a field's row in the table of a path.
func row(f *field, home string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(f.path, home), ".")
	name = strings.ReplaceAll(name, "*", "NAME")
	standard := ""
	for _, m := range f.forms {
		if m.standard != "" {
			standard = "`" + m.standard + "`"
		}
	}
	if f.required {
		standard = "required"
	}
	cells := []string{"`" + name + "`", strings.Join(f.values(), ", or "), standard, f.text}
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// values says what a field may be.
func (f *field) values() []string {
	var values []string
	for _, m := range f.forms {
		text := ""
		switch m.kind {
		case mappingForm:
			text = "mapping"
		case listForm:
			text = "list"
		default:
			text = shortName(m.want)
		}
		if len(m.words) > 0 {
			text = "`" + strings.Join(m.words, "`, `") + "`"
		}
		if m.low != "" {
			text += fmt.Sprintf(", %s to %s", m.low, m.high)
		}
		if !slices.Contains(values, text) {
			values = append(values, text)
		}
	}
	return values
}

// shortName is what a table calls a format: its name in messages, without the
// examples where the page has them once for all.
func shortName(want string) string {
	name := regexp.MustCompile(`^(a|an|the) `).ReplaceAllString(want, "")
	before, _, _ := strings.Cut(name, " such as")
	switch {
	case strings.HasPrefix(name, "profile"):
		return "profile or file"
	case before == "rate", before == "condition":
		return name
	case before == "percentage":
		return "share"
	}
	return before
}
