package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// Hash identifies the resolved scenario: "sha256:" and the first 16 hex digits
// of the hash of [Scenario.YAML].
func (s *Scenario) Hash() string {
	sum := sha256.Sum256(s.YAML())
	return "sha256:" + hex.EncodeToString(sum[:8])
}

// YAML is the resolved scenario: a valid scenario file with every default filled
// in. Parsing it gives the same scenario again, apart from positions. It is nil
// if a field holds what no file could say.
func (s *Scenario) YAML() []byte {
	top := block().
		add("version", integer(s.Version)).
		add("name", text(s.Name))
	if s.Description != "" {
		top.add("description", text(s.Description))
	}
	top.add("seed", plain("!!int", strconv.FormatUint(s.Seed, 10))).
		add("limits", limitsYAML(s.Limits))
	topics, producers, idle, consumers := block(), block(), block(), block()
	for _, t := range s.Topics {
		topics.add(t.Name, topicYAML(t))
	}
	for _, p := range s.Producers {
		producers.add(p.Name, producerYAML(p))
	}
	for _, i := range s.Idle {
		idle.add(i.Name, idleYAML(i))
	}
	for _, c := range s.Consumers {
		consumers.add(c.Name, consumerYAML(c))
	}
	top.add("topics", topics)
	if len(s.Producers) > 0 {
		top.add("producers", producers)
	}
	if len(s.Idle) > 0 {
		top.add("idle", idle)
	}
	if len(s.Consumers) > 0 {
		top.add("consumers", consumers)
	}
	phases := &yaml.Node{Kind: yaml.SequenceNode}
	for _, p := range s.Phases {
		phases.Content = append(phases.Content, flow().
			add("name", text(p.Name)).
			add("duration", text(formatDuration(p.Duration))).
			add("load", loadYAML(p.Load)).
			add("measure", boolean(p.Measure)).node())
	}
	top.add("phases", (*tree)(phases))
	if len(s.Thresholds) > 0 {
		top.add("thresholds", thresholdsYAML(s.Thresholds))
	}
	data, err := yaml.Dump(top.node(), yaml.WithLineWidth(-1))
	if err != nil {
		return nil
	}
	return data
}

func topicYAML(t Topic) *tree {
	if t.Existing {
		return flow().add("existing", boolean(true))
	}
	topic := flow()
	if t.Count > 0 {
		topic.add("count", integer(t.Count))
	}
	topic.add("partitions", integer(int(t.Partitions))).
		add("replication_factor", integer(int(t.ReplicationFactor)))
	config := flow()
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		config.add(name, text(t.Config[name]))
	}
	if len(config.Content) > 0 {
		topic.add("config", config)
	}
	return topic
}

// tree is a YAML node under construction.
type tree yaml.Node

func block() *tree { return &tree{Kind: yaml.MappingNode} }

func flow() *tree { return &tree{Kind: yaml.MappingNode, Style: yaml.FlowStyle} }

func (m *tree) add(name string, value *tree) *tree {
	m.Content = append(m.Content, plain("!!str", name).node(), value.node())
	return m
}

func (m *tree) node() *yaml.Node { return (*yaml.Node)(m) }

func plain(tag, value string) *tree {
	t := &tree{Kind: yaml.ScalarNode, Tag: tag, Value: value}
	if strings.ContainsAny(value, "\u2028\u2029") {
		t.Style = yaml.DoubleQuotedStyle // else they are written as they are, which no file may hold
	}
	return t
}

// text is text that is not to be searched for variables again.
func text(value string) *tree { return plain("!!str", escape(value)) }

func integer(n int) *tree { return plain("!!int", strconv.Itoa(n)) }

func boolean(b bool) *tree { return plain("!!bool", strconv.FormatBool(b)) }

func size(bytes int) *tree { return text(formatSize(bytes)) }
