package scenario

import (
	"fmt"

	yaml "go.yaml.in/yaml/v4"
)

func thresholdsYAML(thresholds []Threshold) *tree {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, t := range thresholds {
		list.Content = append(list.Content, thresholdYAML(t).node())
	}
	return (*tree)(list)
}

func thresholdYAML(t Threshold) *tree {
	check := text(t.Expression)
	if t.Of() == "" && !t.Abort {
		return check
	}
	threshold := flow().add("check", check)
	switch {
	case t.Fleet != "":
		threshold.add("fleet", text(t.Fleet))
	case t.Group != "":
		threshold.add("group", text(t.Group))
	case t.Topic != "" && t.Partition >= 0:
		threshold.add("partition", text(fmt.Sprintf("%s/%d", t.Topic, t.Partition)))
	case t.Topic != "":
		threshold.add("topic", text(t.Topic))
	}
	if t.Abort {
		threshold.add("abort", boolean(true))
	}
	return threshold
}
