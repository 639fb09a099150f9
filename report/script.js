// Reads, zooms and filters the charts together. The page is complete without it.
"use strict";

let zoomed = null; // the seconds that are shown, { from, to }; null is the whole run
let partition = ""; // the one that is followed
let marked = null; // the seconds that are being marked, { anchor, from, to }
let drag = null; // where the pointer went down, { x, pixel, moved }
let last = null; // the chart that was read last

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
const percent = (fraction) => `${Math.round(fraction * 10000) / 100}%`;
const number = (text) => parseFloat(text.replace(/[<,\s]/g, "").replace("−", "-"));
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const set = (element, attributes) => {
	for (const name in attributes) element.setAttribute(name, attributes[name]);
	return element;
};
const draw = (parent, name, attributes, text = "") => {
	const element = set(parent.appendChild(document.createElementNS(parent.namespaceURI, name)), attributes);
	element.textContent = text;
	return element;
};

class Chart {
	constructor(figure) {
		this.figure = figure;
		this.area = figure.querySelector("svg.area");
		this.box = this.area.querySelector(".box");
		[, , this.width, this.height] = this.box.getAttribute("viewBox").split(" ").map(Number);
		this.axis = this.area.querySelector(".time");
		Object.assign(this, { end: 1000, index: 0, row: 0 }, JSON.parse(figure.querySelector("script").textContent));
		if (this.axis) {
			this.x = this.x.map((ms) => ms / 1000);
			this.cover = draw(this.area, "rect", { class: "selection", height: "100%" });
		}
		const places = (selector) => all(selector, this.area)
			.map((e) => [e, ...["x", "y", "width"].map((name) => this.end * parseFloat(e.getAttribute(name)) / 100)]);
		[this.bands, this.marks, this.names] = [".band", ".mark", ".name"].map(places);
		set(this.area, { tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": this.end, "aria-describedby": "how" });
		this.speak(this.t[0]);
		this.listen();
	}

	get span() {
		return this.axis && zoomed || { from: 0, to: this.end };
	}

	// Where x is in what is shown, as a fraction of the width.
	place(x) {
		const { from, to } = this.span;
		return (x - from) / (to - from);
	}

	// Puts an element where a span is seen.
	cut(element, ...span) {
		const [left, right] = span.map((x) => clamp(this.place(x), 0, 1));
		set(element, { x: percent(left), width: percent(right - left) }).classList.toggle("narrow", right - left < 0.08);
	}

	layout() {
		const { from, to } = this.span;
		const scale = this.width / this.end;
		set(this.box, { viewBox: `${from * scale} 0 ${(to - from) * scale} ${this.height}` });
		for (const [band, x, , width] of this.bands) this.cut(band, x, x + width);
		for (const [mark, x] of this.marks) {
			set(mark, { x: percent(this.place(x)) }).classList.toggle("outside", x < from || x > to);
		}
		this.tick(from, to);
		this.label(to * scale);
	}

	// Marks the axis by the rule of timeTicks in chart_plot.go.
	tick(from, to) {
		const span = to - from;
		let step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800].find((s) => span / s <= 10) ?? 3600;
		while (span / step > 12) step *= 2;
		this.axis.replaceChildren();
		for (let i = Math.ceil(from / step); i * step <= to * (1 + 1e-9); i++) {
			const at = { class: i % 2 ? "tick minor" : "tick", x: percent(this.place(i * step)), y: "100%" };
			draw(this.axis, "text", at, (i * step).toLocaleString("en-US"));
		}
	}

	// Puts the names beside the right ends of their lines, apart enough to be read.
	label(right) {
		const room = zoomed ? 15 / this.area.clientHeight : 0;
		let edge = 1 + room;
		this.names.map(([text, , y]) => {
			const line = zoomed && this.box.querySelector(`.stroke.${text.classList[1]}`);
			const points = line ? [...line.getAttribute("d").matchAll(/([\d.]+) (\d+)/g)] : [];
			const end = points.findLast(([, x]) => x <= right);
			return { text, y: end ? end[2] / this.height : y / this.end };
		}).sort((a, b) => b.y - a.y).forEach(({ text, y }) => set(text, { y: percent(edge = Math.min(y, edge - room)) }));
	}

	// What the maps that this chart draws partitions of have of the one that is followed.
	get followed() {
		return maps.filter((map) => this.of?.includes(map.figure.id))
			.map((map) => ({ map, values: map.v[map.rows.indexOf(partition)] })).filter(({ values }) => values);
	}

	// Shows the partition that is followed: its lines, or its row.
	follow() {
		all(".followed", this.figure).forEach((e) => e.remove());
		const scale = this.width / this.end;
		const y = (text) => Math.round((1 - clamp(number(text) / this.top, 0, 1)) * this.height);
		for (const { map, values } of this.followed) {
			const points = values.flatMap((range, i) => range.split("–").map((v) => [map.x[i] * scale, y(v)])).filter(([, v]) => v >= 0);
			if (!points.length) continue;
			draw(this.box, "path", { class: "stroke followed", d: "M" + points.map((p) => p.join(" ")).join("L") });
			const end = points.findLast(([x]) => x <= this.span.to * scale) ?? points[0];
			draw(this.area, "text", { class: "followed", x: "100%", y: percent(end[1] / this.height) }, partition.slice(-24));
		}
		const row = this.rows?.indexOf(partition) ?? -1;
		if (row < 0) return;
		this.row = row;
		draw(this.box, "path", { class: "followed veil", d: `M0 0H${this.width}V${row}H0zM0 ${row + 1}H${this.width}V${this.height}H0z` });
	}

	near(x) {
		return this.x.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(this.x[best] - x) ? i : best), 0);
	}

	// Shows what is nearest to x; in a map that of row, or else of the partition that is
	// followed, or else the highest.
	read(x, row = this.rows?.indexOf(partition)) {
		const i = this.near(x);
		let text = this.t[i];
		if (this.rows) {
			const high = (r) => Math.abs(number(this.v[r][i].split("–").pop())) || 0; // "–" has no value
			const shown = row < 0 ? this.rows.reduce((best, _, r) => (high(r) > high(best) ? r : best), 0) : row;
			text += `: ${row < 0 ? "highest " : ""}${this.rows[shown]} ${this.v[shown][i]} MB/s`;
		}
		for (const { map, values } of this.followed) text += `, ${partition} ${values[map.near(this.x[i])]} MB/s with headers`;
		const at = percent(clamp(this.place(this.x[i]), 0, 1));
		set(this.area.querySelector(".cursor"), { x1: at, x2: at });
		this.index = i;
		this.figure.querySelector("output").textContent = text;
		this.figure.classList.add("reading");
		return text;
	}

	// Reads all charts over time at x; this one is spoken.
	show(x) {
		last = this;
		this.speak(this.read(x, this.rows && this.row));
		if (this.axis) timed.filter((c) => c !== this).forEach((c) => c.read(x));
	}

	speak(text) {
		set(this.area, { "aria-valuenow": this.x[this.index], "aria-valuetext": text });
	}

	// What the pointer is at.
	at(event) {
		const box = this.area.getBoundingClientRect();
		const { from, to } = this.span;
		this.row = Math.floor(clamp((event.clientY - box.top) / box.height, 0, 0.999999) * this.height);
		return from + clamp((event.clientX - box.left) / box.width, 0, 1) * (to - from);
	}

	listen() {
		const on = (name, handle) => this.area.addEventListener(name, handle);
		on("pointerdown", (event) => {
			if (event.button || event.target.closest("[data-partition]")) return;
			drag = { x: this.at(event), pixel: event.clientX };
			this.show(drag.x);
		});
		on("pointermove", (event) => {
			const x = this.at(event);
			this.show(x);
			if (!drag || !event.buttons || !this.axis) return;
			if (!drag.moved && Math.abs(event.clientX - drag.pixel) > 5) {
				drag.moved = true;
				this.area.setPointerCapture(event.pointerId);
			}
			if (drag.moved) mark(drag.x, x, 0);
		});
		on("pointerup", () => {
			if (drag?.moved) zoom(marked);
			else if (drag && this.rows) follow(this.rows[this.row]);
			drag = null;
		});
		on("pointercancel", cancel);
		on("pointerleave", (event) => {
			if (event.pointerType !== "mouse" || drag?.moved) return;
			drag = null;
			unread();
		});
		on("dblclick", () => zoom(null));
		on("focus", () => this.area.matches(":focus-visible") && this.move(0));
		on("blur", (event) => event.relatedTarget?.closest(".area") || unread());
		on("keydown", (event) => this.key(event) && event.preventDefault());
	}

	key({ key, shiftKey }) {
		const by = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[key];
		const down = this.rows && { ArrowUp: -1, ArrowDown: 1 }[key];
		if (!by && !down && key !== "Enter") return false;
		const anchor = marked?.anchor ?? this.x[this.index];
		if (down) this.row = clamp(this.row + down, 0, this.rows.length - 1);
		else if (!by && marked) zoom(marked);
		else if (!by && this.rows) follow(this.rows[this.row]);
		this.move(by ?? 0);
		if (by && shiftKey && this.axis) mark(anchor, this.x[this.index], this.step / 2);
		else mark(null);
		return true;
	}

	// Reads some positions further on, within what is shown.
	move(by) {
		const { from, to } = this.span;
		const first = this.x.findIndex((x) => x >= from);
		this.show(this.x[clamp(this.index + by, first, Math.max(first, this.x.findLastIndex((x) => x <= to)))]);
	}
}

const charts = all("figure.chart:has(script)").map((figure) => new Chart(figure));
const timed = charts.filter((c) => c.axis);
const maps = charts.filter((c) => c.rows);
const end = Math.ceil(Math.max(...timed.map((c) => c.end)));
const bar = draw(document.querySelector("main"), "p", { class: "view" }); // what is shown, and the way back

const unread = () => charts.forEach((c) => c.figure.classList.remove("reading"));

// Marks what lies between two moments, each widened by margin; null marks nothing.
const mark = (anchor, x, margin) => {
	marked = anchor === null ? null : { anchor, from: Math.min(anchor, x) - margin, to: Math.max(anchor, x) + margin };
	timed.forEach((c) => c.cut(c.cover, marked?.from ?? 0, marked?.to ?? 0));
};

function cancel() {
	drag = null;
	mark(null);
}

// Shows a span, in whole seconds, in all charts over time; null is the whole run.
const zoom = (span) => {
	zoomed = null;
	if (span?.from < span?.to) {
		const from = clamp(Math.round(span.from), 0, Math.max(end - timed[0].step, 0));
		const to = clamp(Math.round(span.to), from + timed[0].step, end);
		if (to - from < end) zoomed = { from, to };
	}
	show();
};

// Follows a partition, or none if it was the one.
const follow = (name) => {
	partition = name === partition ? "" : name;
	show();
};

const show = () => {
	unread();
	mark(null);
	timed.forEach((c) => c.layout());
	charts.forEach((c) => c.follow());
	for (const e of all("[data-partition]")) {
		const own = e.dataset.partition === partition;
		e.classList.toggle("own", own);
		e.classList.toggle("other", partition !== "" && !own);
		e.querySelector("button")?.setAttribute("aria-pressed", own);
	}
	const state = { ...zoomed, ...(partition && { partition }) };
	const changed = Object.keys(state).length > 0;
	const hash = (chart) => "#" + (changed ? new URLSearchParams({ ...chart, ...state }) : chart?.chart ?? "");
	for (const a of all("a.self")) a.href = hash({ chart: a.closest("figure").id });
	if (changed || location.hash.includes("=")) history.replaceState(null, "", hash());
	const span = zoomed && `${zoomed.from}–${zoomed.to} s of ${end} s`;
	bar.firstChild.textContent = [span, partition].filter(Boolean).join(", ");
	bar.classList.toggle("on", changed);
};

// Shows what the address says: #CHART, or #chart=CHART&from=SECONDS&to=SECONDS&partition=NAME.
const restore = () => {
	const state = new URLSearchParams(location.hash.slice(1));
	partition = maps.some((map) => map.rows.includes(state.get("partition"))) ? state.get("partition") : "";
	zoom({ from: parseFloat(state.get("from")), to: parseFloat(state.get("to")) });
	document.getElementById(state.get("chart"))?.scrollIntoView();
};

// Partitions that no map has cannot be followed; the names of the others are buttons.
const name = (e) => {
	if (!maps.some((map) => map.rows.includes(e.dataset.partition))) delete e.dataset.partition;
	else all("td", e).filter((td) => td.textContent === e.dataset.partition).forEach((td) => draw(td, "button").append(td.firstChild));
};

// What scrolls can be scrolled with the keyboard.
const scrolling = new ResizeObserver((entries) => {
	for (const { target: e } of entries) {
		e.tabIndex = e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight ? 0 : -1;
	}
});
all(".scroll, pre").forEach((e) => scrolling.observe(e));

if (timed.length) {
	all("[data-partition]").forEach(name);
	const how = draw(bar, "p", { class: "note", id: "how" }, "Point at a chart to read all of them, drag to zoom, click a partition to " +
		"follow it. Keys: arrows read, Shift and arrows mark, Enter zooms or follows, Escape goes back.");
	charts[0].figure.parentNode.before(how);
	draw(bar, "output");
	draw(bar, "button", {}, "Show all").addEventListener("click", () => {
		partition = "";
		zoom(null);
		(last ?? charts[0]).area.focus();
	});
	document.addEventListener("click", (event) => {
		const row = event.target.closest("[data-partition]");
		if (row && getSelection().isCollapsed) follow(row.dataset.partition);
	});
	document.addEventListener("pointerdown", (event) => event.target.closest(".area") ?? unread());
	document.addEventListener("keydown", (event) => {
		if (event.key !== "Escape") return;
		if (marked) cancel();
		else if (partition) follow("");
		else if (zoomed) zoom(null);
		else unread();
	});
	// A link within the page keeps what is shown.
	window.addEventListener("hashchange", () => (location.hash.includes("=") ? restore() : show()));
	restore();
}
