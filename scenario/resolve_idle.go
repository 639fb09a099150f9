package scenario

func idleYAML(i Idle) *tree {
	fleet := flow().add("connections", integer(i.Connections))
	if i.ConnectRate > 0 {
		fleet.add("connect_rate", text(formatCountRate(i.ConnectRate)))
	}
	return fleet
}
