package scenario

import yaml "go.yaml.in/yaml/v4"

func consumerYAML(c Consumer) *tree {
	topics := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, t := range c.Topics {
		topics.Content = append(topics.Content, text(t).node())
	}
	s := c.Settings
	settings := flow().
		add("fetch_max_wait", text(formatDuration(s.FetchMaxWait))).
		add("fetch_min_bytes", size(s.FetchMinBytes)).
		add("fetch_max_bytes", size(s.FetchMaxBytes)).
		add("max_partition_fetch_bytes", size(s.FetchMaxPartitionBytes))
	if s.ClientID != "" {
		settings.add("client_id", text(s.ClientID))
	}
	return block().
		add("topics", (*tree)(topics)).
		add("clients", integer(c.Clients)).
		add("settings", settings)
}
