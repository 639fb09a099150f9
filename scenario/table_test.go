package scenario

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	yaml "go.yaml.in/yaml/v4"
)

// readTable reads a table of keys and weights that the field "file" of a mapping
// names, and returns its rows and what was reported.
func readTable(t *testing.T, text string, files map[string]string) (rows []string, problems Problems) {
	t.Helper()
	d := &decoder{source: newSource("dir/s.yaml", []byte(text)), flags: map[*yaml.Node]flagNode{}}
	d.options.ReadFile = func(name string) ([]byte, error) {
		data, ok := files[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: "/secret/" + name, Err: fs.ErrNotExist}
		}
		return []byte(data), nil
	}
	root, found := d.source.parse([]byte(text))
	if len(found) > 0 {
		t.Fatal(found)
	}
	o := d.object(root, root, "")
	table, _ := o.table("file", "key,weight", "seconds,rate")
	for table != nil && table.next() {
		if n, ok := table.number(1, 0, 100); ok {
			rows = append(rows, table.row[0]+"="+formatNumber(n))
		}
	}
	o.done()
	return rows, d.problems.sorted()
}

// TestTable holds what rows are read and where mistakes are reported.
func TestTable(t *testing.T) {
	for name, c := range map[string]struct{ file, rows, problems string }{
		"plain":        {"key,weight\na,1\n\nb,2.5e1", "a=1 b=25", ""},
		"other header": {"seconds, rate\r\n0,1\r\n", "0=1", ""},
		"from Excel":   {"\ufeffkey,weight\r\n\"a,\"\"b\",1\r\n", `a,"b=1`, ""},
		"no rows":      {"key,weight\n", "", ""},
		"empty":        {"", "", `dir/s.yaml:1:8: file: "x.csv" is empty`},
		"header":       {"key;weight\na;1\n", "", `dir/x.csv:1:1: want the header key,weight or seconds,rate, got "key;weight"`},
		"fields": {"key,weight\na,1\nb\nc,2,3\nd,4\n", "a=1 d=4",
			"dir/x.csv:3:1: want 2 fields, key,weight, got 1\ndir/x.csv:4:1: want 2 fields, key,weight, got 3"},
		"numbers": {"key,weight\né,x\nb,101\nc,-1\nd,NaN\ne,0x1\nf,\ng,7\n", "g=7",
			"dir/x.csv:2:3: want a number, got \"x\"\ndir/x.csv:3:3: must be between 0 and 100, is 101\ndir/x.csv:4:3: must be between 0 and 100, is -1\n" +
				"dir/x.csv:5:3: want a number, got \"NaN\"\ndir/x.csv:6:3: want a number, got \"0x1\"\ndir/x.csv:7:3: want a number, got \"\""},
		"quotes": {"key,weight\na\"b,1\n", "", `dir/x.csv:2:2: bare " in non-quoted-field`},
	} {
		rows, problems := readTable(t, "{file: x.csv}", map[string]string{"x.csv": c.file})
		var texts []string
		for _, p := range problems {
			texts = append(texts, p.Pos.String()+": "+p.Message)
		}
		if got := strings.Join(rows, " "); got != c.rows {
			t.Errorf("%s: got the rows %q, want %q", name, got, c.rows)
		}
		if got := strings.Join(texts, "\n"); got != c.problems {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.problems)
		}
	}
	_, problems := readTable(t, "{file: x.csv}", map[string]string{"x.csv": "key,weight\n" + strings.Repeat("a,b\n", 1000)})
	if len(problems) != mostWrong || !strings.Contains(problems[mostWrong-1].Message, "further mistakes") {
		t.Errorf("%d mistakes are reported, the last: %v", len(problems), problems[len(problems)-1])
	}
}

// TestFile holds what is said of files that cannot be read or are not the same.
func TestFile(t *testing.T) {
	const sum = "7f48ccbe1c12b98cc2d45c71b3dba92ca4ea02b38d05f7e8b9c68acf6e5e8f51"
	files := map[string]string{"x.csv": "key,weight\na,1\n", "large.csv": strings.Repeat("x", largestFile+1)}
	for text, want := range map[string]string{
		"{file: gone.csv}":                   `1:8: file: cannot read "gone.csv": file does not exist`,
		"{file: ''}":                         `1:8: file: want the name of a file, got ""`,
		"{file: [x.csv]}":                    `1:8: file: want the name of a file, got a list`,
		"{file: large.csv}":                  `1:8: file: "large.csv" is larger than 64MiB`,
		"{file: x.csv, sha256: " + sum + "}": `1:23: sha256: the contents of "x.csv" have changed: their SHA-256 is `,
	} {
		rows, problems := readTable(t, text, files)
		if len(rows) > 0 || len(problems) != 1 || !strings.HasPrefix(problems[0].String(), "dir/s.yaml:"+want) {
			t.Errorf("%s: got %v\nwant %s", text, problems, want)
		}
	}
	// printf 'key,weight\na,1\n' | sha256sum
	const right = "800101be800897e636cbad339e27d897e2c822ff1b5826054c60119f0a36785b"
	if rows, problems := readTable(t, "{file: x.csv, sha256: "+right+"}", files); len(rows) != 1 || len(problems) > 0 {
		t.Errorf("with the right sum: %v, %v", rows, problems)
	}
}

// TestReadBeside holds that files are looked for beside the scenario, and only
// regular ones up to the bound are read whole.
func TestReadBeside(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("data"), 0o644); err != nil {
		t.Fatal(err)
	}
	large, err := os.Create(filepath.Join(dir, "large"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(large.Truncate(largestFile+1000), large.Close()); err != nil {
		t.Fatal(err)
	}
	read := readBeside(filepath.Join(dir, "s.yaml"))
	for _, name := range []string{"x", "./x", filepath.Join(dir, "x")} {
		if data, err := read(name); err != nil || string(data) != "data" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	if data, err := read("large"); err != nil || len(data) != largestFile+1 {
		t.Errorf("%d bytes of a file that is too large, %v", len(data), err)
	}
	if _, err := read("."); err == nil {
		t.Error("a folder was read")
	}
	if _, err := read("gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}
