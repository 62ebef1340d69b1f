//! A small writer of SVG. Across, a place is a share of the width, so that a picture fits any screen and its letters keep
//! their size; down, it is pixels.

use super::markup::Markup;

/// A place across, where 0 is the left end of the picture and 1 the right one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Across(pub(super) f64);

/// A place in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct At {
    pub(super) across: Across,
    /// Pixels from the top.
    pub(super) down: f64,
}

impl At {
    pub(super) fn new(across: Across, down: f64) -> Self {
        Self { across, down }
    }
}

/// Where a text stands beside its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    After,
    Before,
    Middle,
}

/// A picture of a height in pixels, as wide as there is room.
#[derive(Debug)]
pub(super) struct Svg {
    height: f64,
    body: Markup,
}

/// Coordinates have one decimal: a tenth of a pixel, or a thousandth of the width.
fn rounded(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
    if text == "-0" { "0".to_owned() } else { text }
}

fn across(at: Across) -> String {
    // What lies far outside is cut off by the picture, and no number grows without end.
    rounded(at.0.clamp(-1.0, 2.0) * 100.0) + "%"
}

impl Svg {
    pub(super) fn new(height: f64) -> Self {
        Self {
            height,
            body: Markup::default(),
        }
    }

    pub(super) fn line(&mut self, class: &str, from: At, to: At) {
        let ends = [
            across(from.across),
            rounded(from.down),
            across(to.across),
            rounded(to.down),
        ];
        let [x1, y1, x2, y2] = &ends;
        self.body.shape(
            "line",
            &[
                ("class", class),
                ("x1", x1),
                ("y1", y1),
                ("x2", x2),
                ("y2", y2),
            ],
        );
    }

    /// From the top to `bottom`.
    pub(super) fn upright(&mut self, class: &str, at: Across, bottom: f64) {
        self.line(class, At::new(at, 0.0), At::new(at, bottom));
    }

    /// From the left end to the right one.
    pub(super) fn level(&mut self, class: &str, down: f64) {
        self.line(
            class,
            At::new(Across(0.0), down),
            At::new(Across(1.0), down),
        );
    }

    pub(super) fn dot(&mut self, class: &str, at: At) {
        let (x, y) = (across(at.across), rounded(at.down));
        self.body.shape(
            "circle",
            &[("class", class), ("cx", &x), ("cy", &y), ("r", "4")],
        );
    }

    /// A box with a name in it, which ends where the box does, and with more of it for whoever points at it.
    pub(super) fn block(
        &mut self,
        class: &str,
        [left, right]: [Across; 2],
        [down, height]: [f64; 2],
        [name, told]: [&str; 2],
    ) {
        /// Where less than this is free no letter fits, whatever the screen.
        const LEGIBLE: f64 = 0.015;
        let wide = right.0 - left.0;
        let place = |share: f64| format!("{:.2}%", share.clamp(0.0, 1.0) * 100.0);
        let (x, width) = (place(left.0), place(wide));
        let (y, height) = (rounded(down), rounded(height));
        let place = [
            ("x", x.as_str()),
            ("y", &y),
            ("width", &width),
            ("height", &height),
        ];
        self.body.element("svg", &place, |inner| {
            inner.element("title", &[], |title| title.text(told));
            let all = [("class", class), ("width", "100%"), ("height", "100%")];
            inner.shape("rect", &all);
            if wide >= LEGIBLE {
                inner.element("text", &[("x", "3"), ("y", "12")], |text| text.text(name));
            }
        });
    }

    pub(super) fn text(&mut self, at: At, side: Side, text: &str) {
        let anchor = match side {
            Side::After => "",
            Side::Before => "end",
            Side::Middle => "middle",
        };
        self.body.element(
            "text",
            &[
                ("x", &across(at.across)),
                ("y", &rounded(at.down)),
                ("text-anchor", anchor),
            ],
            |inner| inner.text(text),
        );
    }

    /// A line through many places. It is a picture of its own that is stretched to the width: only there can places be
    /// numbers without a unit.
    pub(super) fn path(&mut self, class: &str, places: &[At]) {
        const WIDE: f64 = 1000.0;
        let mut d = String::new();
        for (i, at) in places.iter().enumerate() {
            d.push(if i == 0 { 'M' } else { 'L' });
            d.push_str(&rounded(at.across.0.clamp(-1.0, 2.0) * WIDE));
            d.push(' ');
            d.push_str(&rounded(at.down));
        }
        let (height, view) = (
            rounded(self.height),
            format!("0 0 {WIDE} {}", rounded(self.height)),
        );
        self.body.element(
            "svg",
            &[
                ("width", "100%"),
                ("height", &height),
                ("viewBox", &view),
                ("preserveAspectRatio", "none"),
            ],
            |inner| inner.shape("path", &[("class", class), ("d", &d)]),
        );
    }

    /// The picture with the sentence that stands for it where it is not seen.
    pub(super) fn finish(self, title: &str) -> Markup {
        let height = rounded(self.height);
        Markup::of(|page| {
            page.element(
                "svg",
                &[("role", "img"), ("width", "100%"), ("height", &height)],
                |svg| {
                    svg.element("title", &[], |inner| inner.text(title));
                    svg.put(&self.body);
                },
            );
        })
    }

    /// A part that tells nothing of its own: the numbers beside an axis.
    pub(super) fn finish_beside(self) -> Markup {
        let height = rounded(self.height);
        Markup::of(|page| {
            page.element(
                "svg",
                &[
                    ("aria-hidden", "true"),
                    ("width", "100%"),
                    ("height", &height),
                ],
                |svg| svg.put(&self.body),
            );
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_one_decimal_and_are_never_far_outside() {
        let mut svg = Svg::new(20.0);
        svg.line(
            "a",
            At::new(Across(1.0 / 3.0), 2.0),
            At::new(Across(1e9), -0.01),
        );
        let written = svg.finish("what <it> shows").finish();
        assert_eq!(
            written,
            "<svg role=\"img\" width=\"100%\" height=\"20\"><title>what &lt;it&gt; shows</title>\
             <line class=\"a\" x1=\"33.3%\" y1=\"2\" x2=\"200%\" y2=\"0\"/></svg>"
        );
    }
}
