package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// weigh refuses JSON that takes more than room bytes once it is decoded into t. Some
// takes a hundred times its own size: "{}," in a list of large structures. The JSON is
// known to be valid, and not deeper than encoding/json goes.
func weigh(data []byte, t reflect.Type, room int64) error {
	s := scales{data: data, room: room, fields: map[reflect.Type]map[string]reflect.Type{}}
	return s.value(t)
}

type scales struct {
	data   []byte
	at     int // how far it is weighed
	room   int64
	fields map[reflect.Type]map[string]reflect.Type
}

// next is the first byte of the next value or end; 0 where there is none.
func (s *scales) next() byte {
	for ; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
		default:
			return c
		}
	}
	return 0
}

// value weighs the next value; t is nil where it is not decoded.
func (s *scales) value(t reflect.Type) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
		if err := s.take(t.Size()); err != nil {
			return err
		}
	}
	switch s.next() {
	case '{':
		return s.object(t)
	case '[':
		return s.list(t)
	case '"':
		if text := s.text(); t != nil {
			return s.take(uintptr(len(text)))
		}
		return nil
	}
	if n := bytes.IndexAny(s.data[s.at:], " \t\r\n,]}"); n >= 0 {
		s.at += n
		return nil
	}
	s.at = len(s.data)
	return nil
}

// text returns a text with its quotes.
func (s *scales) text() []byte {
	from := s.at
	for s.at++; s.at < len(s.data) && s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			s.at++
		}
	}
	s.at = min(s.at+1, len(s.data))
	return s.data[from:s.at]
}

// more tells whether a list or an object goes on; it passes the end.
func (s *scales) more() bool {
	switch s.next() {
	case '}', ']':
		s.at++
		return false
	case 0:
		return false
	}
	return true
}

func (s *scales) object(t reflect.Type) error {
	for s.at++; s.more(); {
		name := s.text()
		var of reflect.Type
		switch {
		case t == nil:
		case t.Kind() == reflect.Struct:
			of = s.field(t, name)
		case t.Kind() == reflect.Map:
			of = t.Elem()
			// A map keeps room for as many again, and 8 bytes to find each.
			if err := s.take(2*(t.Key().Size()+of.Size()+8) + uintptr(len(name))); err != nil {
				return err
			}
		}
		if err := s.value(of); err != nil {
			return err
		}
	}
	return nil
}

func (s *scales) list(t reflect.Type) error {
	var of reflect.Type
	if t != nil && t.Kind() == reflect.Slice {
		of = t.Elem()
	}
	for s.at++; s.more(); {
		if of != nil {
			// A list that grows is copied to one that is larger.
			if err := s.take(2 * of.Size()); err != nil {
				return err
			}
		}
		if err := s.value(of); err != nil {
			return err
		}
	}
	return nil
}

// field is the type of what encoding/json decodes into a field of that name, which
// it finds in upper and lower case.
func (s *scales) field(t reflect.Type, quoted []byte) reflect.Type {
	known := s.fields[t]
	if known == nil {
		known = map[string]reflect.Type{}
		for _, f := range reflect.VisibleFields(t) {
			known[jsonName(f)] = f.Type
		}
		s.fields[t] = known
	}
	if of, ok := known[string(quoted[1:len(quoted)-1])]; ok {
		return of
	}
	var name string
	if json.Unmarshal(quoted, &name) != nil {
		return nil
	}
	for tag, of := range known {
		if strings.EqualFold(tag, name) {
			return of
		}
	}
	return nil
}

// jsonName is what a field is called in JSON.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return cmp.Or(name, f.Name)
}

func (s *scales) take(bytes uintptr) error {
	if s.room -= int64(bytes); s.room < 0 {
		return fmt.Errorf("it lists more than any run does, up to byte %d", s.at)
	}
	return nil
}
