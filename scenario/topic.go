package scenario

import (
	"slices"
	"strconv"
)

// Instances are the topics that a declared topic stands for: with a Count
// NAME-0, NAME-1, … to NAME-(Count-1), each as declared; without one the topic
// itself. An instance has no Count.
func (t Topic) Instances() []Topic {
	if t.Count == 0 {
		return []Topic{t}
	}
	list := make([]Topic, t.Count)
	for i := range list {
		list[i] = t
		list[i].Name, list[i].Count = t.instance(i), 0
	}
	return list
}

// instance is the name of topic i of a template.
func (t Topic) instance(i int) string { return t.Name + "-" + strconv.Itoa(i) }

// Instances are all topics of the scenario, templates written out, in the order
// of the file.
func (s *Scenario) Instances() []Topic {
	var list []Topic
	for _, t := range s.Topics {
		list = append(list, t.Instances()...)
	}
	return list
}

// TopicsNamed are the topics that a name in a producer or consumer means: those
// of a template, or one topic; none for a name that is not declared.
func (s *Scenario) TopicsNamed(name string) []Topic {
	i := slices.IndexFunc(s.Topics, func(t Topic) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return s.Topics[i].Instances()
}
