package scenario

func limitsYAML(l Limits) *tree {
	if len(l.Values) == 0 {
		name := l.Extends
		if name == "" {
			name = noLimits
		}
		return text(name)
	}
	limits := block()
	if l.Extends != "" {
		limits.add("extends", text(l.Extends))
	}
	for _, s := range limitScopes() {
		scope := flow()
		for _, dimension := range s.dimensions {
			value, declared := l.Values[s.name+"."+dimension]
			if declared && unitOf(dimension).count {
				scope.add(dimension, plain("!!int", formatNumber(value)))
			} else if declared {
				scope.add(dimension, text(unitOf(dimension).format(value)))
			}
		}
		if len(scope.Content) > 0 {
			limits.add(s.name, scope)
		}
	}
	return limits
}
