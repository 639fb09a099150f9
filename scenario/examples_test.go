package scenario

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExamples holds that every target, every scenario and every part of one that a page
// shows is sound, and that no editor marks it. A part is laid over a small scenario, as
// if it extended it.
func TestExamples(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	scenarioSchema, targetSchema := schemaCheck(t), checkAgainst(t, TargetSchema)
	scenarios, targets := 0, 0
	for _, page := range append(pages, "../README.md") {
		for _, text := range yamlOf(t, page) {
			switch {
			case strings.HasPrefix(text, "scrape_configs:"): // Prometheus's
			case regexp.MustCompile(`(?m)^(bootstrap|arn|embedded):`).MatchString(text):
				targets++
				checkExample(t, page, text, targetExample, targetSchema)
			default:
				scenarios++
				if !strings.Contains("\n"+text, "\nversion:") && !strings.Contains(text, "extends: base.yaml") {
					text = "extends: base.yaml\n" + text
				}
				checkExample(t, page, text, scenarioExample, scenarioSchema)
			}
		}
	}
	if scenarios < 20 || targets < 11 {
		t.Errorf("%d scenarios and %d targets; were all of them read?", scenarios, targets)
	}
}

// yamlOf are a page's blocks of YAML.
func yamlOf(t *testing.T, page string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

func checkExample(t *testing.T, page, text string, decode func(string) error, schema func([]byte) error) {
	t.Helper()
	if err := decode(text); err != nil {
		t.Errorf("%s: %v\n%s", page, err, text)
	}
	if err := schema([]byte(text)); err != nil {
		t.Errorf("%s: the schema marks an example: %v\n%s", page, err, text)
	}
}

func targetExample(text string) error {
	_, err := parseTarget("target.yaml", []byte(text), Options{
		Profiles: profiles(), ReadFile: func(string) ([]byte, error) { return nil, nil },
		Getenv: func(name string) (string, bool) { return "x", name == "KAFKA_PASSWORD" },
	})
	return err
}

func scenarioExample(text string) error {
	named := map[string]string{
		"keys.csv":      "key,weight\ncustomer-1,30\nother,70\n",
		"sizes.csv":     "size,weight\n200,7\n4096,3\n",
		"traffic.csv":   "seconds,rate\n0,1MB/s\n60,4MB/s\n",
		"samples.jsonl": "{\"id\": 1}\n{\"id\": 2}\n",
		"base.yaml":     exampleBase,
	}
	if strings.Contains(text, "value:") { // which would contradict that of the base
		named["base.yaml"] = strings.Replace(exampleBase, "value: {size: 1KiB}, ", "", 1)
	}
	_, err := Parse("example.yaml", []byte(text), Options{ReadFile: files(named), Profiles: profiles()})
	return err
}

const exampleBase = `
version: 1
name: base
topics:
  orders: {partitions: 12}
producers:
  checkout: {topic: orders, rate: 1MB/s, value: {size: 1KiB}, settings: {linger: 10ms}}
consumers:
  billing: {topics: [orders]}
phases:
  - {name: steady, duration: 30m}
`

// TestExampleOfAMistake: the first scenario of the reference is shown again with a
// mistake, and with what is said of it.
func TestExampleOfAMistake(t *testing.T) {
	page, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(yamlOf(t, referenceFile)[0], "partitions: 12", "partitions: twelve", 1)
	_, err = Parse("shop.yaml", []byte(wrong), Options{Profiles: profiles()})
	if err == nil || !strings.Contains(string(page), "```\n"+err.Error()+"\n```") {
		t.Errorf("the page does not show\n%v", err)
	}
}
