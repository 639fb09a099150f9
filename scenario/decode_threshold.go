package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

const (
	wantCheck     = "a condition such as response.p99 < 500ms"
	wantPartition = "a partition such as orders/7"
)

// thresholds reads the conditions that a run must meet.
func thresholds(o *object, s *Scenario) []Threshold {
	var list []Threshold
	for i, item := range o.items("thresholds") {
		path := fmt.Sprintf("thresholds[%d]", i)
		t := Threshold{Partition: -1, Pos: o.pos(item)}
		if item.Kind != yaml.MappingNode {
			o.check(item, path, &t)
			list = append(list, t)
			continue
		}
		e := o.decoder.object(item, item, path)
		e.require("check", "response.p99 < 500ms")
		var m metric
		if n := e.get("check"); n != nil {
			m = o.check(n, path+".check", &t)
		}
		e.narrow(o, s, &t, m)
		t.Abort = e.flag("abort", false)
		if t.Abort && m.name == "unsent" {
			e.fail("abort", "remove it", "what stays unsent is known after the run only")
		}
		e.done()
		list = append(list, t)
	}
	return list
}

// check reads a condition. What is wrong with it is reported where it stands, and
// the metric is then the zero value.
func (o *object) check(n *yaml.Node, path string, t *Threshold) metric {
	text, f := o.text(n, wantCheck)
	if f != nil {
		o.report(n, f.hint, "%s: %s", path, f.message)
		return metric{}
	}
	m, at, f := t.parse(text)
	if f != nil {
		o.report(o.inside(n, text, at), f.hint, "%s: %s", path, f.message)
		return metric{}
	}
	if slices.Equal(m.of, []string{"group"}) && len(namesIn(o, "consumers")) == 0 {
		o.report(n, "add a consumer group", "%s: %s is of consumer groups, and the scenario has none", path, m.name)
	}
	return m
}

// inside is a node that stands at a character of a scalar's text, as far as the
// text is in the file as it was read.
func (d *decoder) inside(n *yaml.Node, text string, at int) *yaml.Node {
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	if n.Value != text || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || quoted && strings.ContainsAny(text, `'\`) {
		return n
	}
	part := *n
	part.Column += at
	if quoted {
		part.Column++
	}
	if f, ok := d.flags[n]; ok {
		d.flags[&part] = f
	}
	d.bases[&part] = d.bases[n]
	return &part
}

// parse reads METRIC OPERATOR BOUND. With a fault, at is the character where the
// part begins that is wrong.
func (t *Threshold) parse(text string) (m metric, at int, f *fault) {
	const operators = "<>=!≤≥≠~"
	space := func(from int) int { return from + len(text[from:]) - len(strings.TrimLeft(text[from:], " \t\n")) }
	place := func(i int) int { return utf8.RuneCountInString(text[:i]) }
	from := space(0)
	end := from + length(text[from:], operators+" \t\n", false)
	name := text[from:end]
	operatorAt := space(end)
	operatorEnd := operatorAt + length(text[operatorAt:], operators, true)
	operator := text[operatorAt:operatorEnd]
	boundAt := space(operatorEnd)
	bound := strings.TrimRight(text[boundAt:], " \t\n")
	if name == "" {
		return metric{}, 0, wrong(wantCheck, text, "")
	}
	known := metrics()
	i := slices.IndexFunc(known, func(m metric) bool { return m.name == name })
	if i < 0 {
		return metric{}, place(from), &fault{"no metric is called " + quote(name), metricHint(name)}
	}
	if f := operatorFault(name, operator, known[i].unit); f != nil {
		return metric{}, place(operatorAt), f
	}
	if bound == "" {
		return metric{}, place(boundAt), &fault{fmt.Sprintf("the bound is missing: want %s", known[i].unit.want), ""}
	}
	value, f := known[i].unit.parse(bound)
	if f == nil {
		f = known[i].unit.vacuous(name, operator, value)
	}
	if f != nil {
		return metric{}, place(boundAt), f
	}
	t.Metric, t.Operator, t.Bound = name, operator, value
	t.Expression = name + " " + operator + " " + bound
	return known[i], 0, nil
}

// length is how many bytes of a text are of a set of characters, or not of it.
func length(text, set string, of bool) int {
	i := strings.IndexFunc(text, func(r rune) bool { return strings.ContainsRune(set, r) != of })
	if i < 0 {
		return len(text)
	}
	return i
}

func metricHint(name string) string {
	base, _, _ := strings.Cut(name, ".")
	points := strings.Join(latencyPoints(), ", ")
	var others []string
	latencies := map[string]bool{}
	for _, m := range metrics() {
		if before, _, _ := strings.Cut(m.name, "."); m.unit.name == "ms" {
			latencies[before] = true
		} else {
			others = append(others, m.name)
		}
	}
	if latencies[base] {
		return fmt.Sprintf("of %s there are %s", base, points)
	}
	if hint := didYouMean(name, ThresholdMetrics()); hint != "" {
		return hint
	}
	return fmt.Sprintf("known here: response, service, client_wait, end_to_end, each with one of .%s; %s",
		strings.Join(latencyPoints(), ", ."), strings.Join(others, ", "))
}

func operatorFault(name, operator string, u metricUnit) *fault {
	known := []string{"<", "<=", ">", ">=", "=="}
	meant := map[string]string{"=": "==", "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=", "===": "==", "<<": "<", ">>": ">"}
	switch {
	case operator == "":
		return &fault{fmt.Sprintf("want an operator after %s, one of %s", name, strings.Join(known, ", ")), ""}
	case meant[operator] != "":
		return wrong("one of "+strings.Join(known, ", "), operator, fmt.Sprintf("did you mean %q?", meant[operator]))
	case !slices.Contains(known, operator):
		return wrong("one of "+strings.Join(known, ", "), operator, "")
	case operator == "==" && !u.exact:
		return &fault{fmt.Sprintf("%s is hardly ever exactly one value", name), "write < or >"}
	}
	return nil
}

// narrow reads what a threshold is of. Without a metric, which was reported, only
// the fields are read.
func (o *object) narrow(root *object, s *Scenario, t *Threshold, m metric) {
	given := ""
	for _, field := range []string{"fleet", "group", "topic", "partition"} {
		want := "a name"
		if field == "partition" {
			want = wantPartition
		}
		name, ok := o.scalar(field, want)
		switch {
		case !ok:
			continue
		case given != "":
			o.fail(field, "write a threshold for each", "it is narrowed by its %s already", given)
			continue
		case m.name != "" && !slices.Contains(m.of, field):
			o.fail(field, "it is measured for the whole run, and for a "+strings.Join(m.of, ", a "),
				"%s is not measured for a %s", m.name, field)
			continue
		}
		given = field
		switch field {
		case "fleet":
			t.Fleet = name
			o.fleetNamed(root, name)
		case "group":
			t.Group = name
			o.groupNamed(root, name)
		case "topic":
			t.Topic = name
			o.topicNamed(s, name, m)
		case "partition":
			t.Topic, t.Partition = o.partitionNamed(s, name, m)
		}
	}
}

func (o *object) fleetNamed(root *object, name string) {
	known := namesIn(root, "producers")
	switch {
	case len(known) == 0 && root.has("producers") || slices.Contains(known, name):
	case slices.Contains(namesIn(root, "consumers"), name):
		o.fail("fleet", "write group: "+name, "%s is a consumer group", name)
	case slices.Contains(namesIn(root, "idle"), name):
		o.fail("fleet", suggest("", known), "%s is a fleet of idle connections, which carry no records", name)
	default:
		o.fail("fleet", suggest(name, known), "no producer fleet is called %s", quote(name))
	}
}

func (o *object) groupNamed(root *object, name string) {
	known := namesIn(root, "consumers")
	switch {
	case len(known) == 0 || slices.Contains(known, name):
	case slices.Contains(namesIn(root, "producers"), name):
		o.fail("group", "write fleet: "+name, "%s is a producer fleet", name)
	default:
		o.fail("group", suggest(name, known), "no consumer group is called %s", quote(name))
	}
}

// partitionNamed reads TOPIC/NUMBER.
func (o *object) partitionNamed(s *Scenario, text string, m metric) (topic string, partition int32) {
	slash := strings.LastIndexByte(text, '/')
	number, err := strconv.ParseInt(text[slash+1:], 10, 32)
	if slash < 1 || err != nil || number < 0 {
		o.fail("partition", "", "want %s, got %s", wantPartition, quote(text))
		return text, -1
	}
	topic, partition = text[:slash], int32(number)
	t, ok := instance(s.Topics, topic)
	switch {
	case len(s.Topics) == 0: // reported
	case !ok && knows(s.Topics, topic):
		o.fail("partition", fmt.Sprintf("write the name of one of its topics: %s-0/%d", topic, number),
			"%s is a template of several topics", topic)
	case !ok:
		o.fail("partition", suggest(topic, topicNames(s.Topics)), "no topic is called %s", quote(topic))
	case t.Partitions > 0 && partition >= t.Partitions:
		o.fail("partition", "", "the last partition of %s is %d", topic, t.Partitions-1)
	default:
		o.written("partition", s, t.Name, m)
	}
	return topic, partition
}

func (o *object) topicNamed(s *Scenario, name string, m metric) {
	switch {
	case len(s.Topics) == 0: // reported
	case !knows(s.Topics, name):
		o.fail("topic", suggest(name, topicNames(s.Topics)), "no topic is called %s", quote(name))
	default:
		o.written("topic", s, name, m)
	}
}

// written reports a topic that no producer writes to, and of which there will be
// nothing to measure but the throttles of its readers.
func (o *object) written(field string, s *Scenario, topic string, m metric) {
	may := slices.ContainsFunc(s.Producers, func(p Producer) bool { return p.Topic == topic || !knows(s.Topics, p.Topic) })
	if !may && (len(s.Producers) > 0 || !o.given("producers")) && m.name != "throttled.share" {
		o.fail(field, "", "no producer writes to %s, so there is nothing to measure", topic)
	}
}

// instance finds the topic, or the template, that a topic's name comes from.
func instance(topics []Topic, name string) (Topic, bool) {
	for _, t := range topics {
		if t.Count == 0 && t.Name == name {
			return t, true
		}
		digits, ok := strings.CutPrefix(name, t.Name+"-")
		n, err := strconv.Atoi(digits)
		if ok && err == nil && strconv.Itoa(n) == digits && n < t.Count {
			return t, true
		}
	}
	return Topic{}, false
}

// namesIn are the names that a section gives, as far as it is a mapping.
func namesIn(root *object, section string) []string {
	n := root.values[section]
	if n == nil || resolve(n).Kind != yaml.MappingNode {
		return nil
	}
	return fieldNames(resolve(n))
}
