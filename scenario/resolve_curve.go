package scenario

import yaml "go.yaml.in/yaml/v4"

func rateYAML(r Rate) *tree {
	switch {
	case r.Curve.Shape == Constant:
		return text(r.String())
	case r.Bytes > 0:
		return curveYAML(r.Curve, "rate", formatByteRate)
	}
	return curveYAML(r.Curve, "rate", formatCountRate)
}

func loadYAML(c Curve) *tree {
	if c.Shape == Constant {
		return text(formatShare(c.To))
	}
	return curveYAML(c, "load", formatShare)
}

// curveYAML writes a curve; field holds the value of a step.
func curveYAML(c Curve, field string, format func(float64) string) *tree {
	var shape *tree
	value := func(v float64) *tree { return text(format(v)) }
	switch c.Shape {
	case Ramp:
		shape = flow().add("from", value(c.From)).add("to", value(c.To)).add("over", text(formatDuration(c.Over)))
	case Sine:
		shape = flow().add("low", value(c.From)).add("high", value(c.To)).add("period", text(formatDuration(c.Over)))
	case Burst:
		shape = flow().add("base", value(c.From)).add("peak", value(c.To)).
			add("every", text(formatDuration(c.Over))).add("lasts", text(formatDuration(c.Lasts)))
	case Replay:
		shape = flow().add("file", text(c.File.Name)).add("sha256", text(c.File.SHA256))
	case Steps:
		steps := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i, s := range c.Steps {
			step := flow().add(field, value(s.Value))
			if i < len(c.Steps)-1 {
				step.add("for", text(formatDuration(s.For)))
			}
			steps.Content = append(steps.Content, step.node())
		}
		shape = (*tree)(steps)
	}
	return flow().add(string(c.Shape), shape)
}
