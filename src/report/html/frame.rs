//! A picture with an upright axis: round numbers beside it and a faint line for each.

use super::axis::Axis;
use super::markup::Markup;
use super::svg::{Across, At, Side, Svg};

/// About so many numbers stand beside it.
const TICKS: u32 = 4;
/// Above the highest place, so that a mark there is whole.
const ABOVE: f64 = 6.0;
/// Below the lowest place, for what is written under a picture.
const BELOW: f64 = 20.0;

/// What is drawn against an upright axis.
pub(super) struct Frame {
    axis: Axis,
    height: f64,
    beside: Svg,
    pub(super) svg: Svg,
}

impl Frame {
    /// `written` makes the label of a value, given the distance between two labels.
    pub(super) fn new(axis: Axis, height: f64, written: &dyn Fn(f64, f64) -> String) -> Self {
        let whole = ABOVE + height + BELOW;
        let mut frame = Self {
            axis,
            height,
            beside: Svg::new(whole),
            svg: Svg::new(whole),
        };
        let step = axis.step(TICKS);
        for tick in axis.ticks(TICKS) {
            let down = frame.down(tick);
            frame.svg.level("grid", down);
            frame.beside.text(
                At::new(Across(1.0), down + 4.0),
                Side::Before,
                &written(tick, step),
            );
        }
        frame
    }

    /// Pixels from the top; what lies outside stays at the edge.
    pub(super) fn down(&self, value: f64) -> f64 {
        ABOVE + (1.0 - self.axis.share(value).clamp(0.0, 1.0)) * self.height
    }

    pub(super) fn bottom(&self) -> f64 {
        ABOVE + self.height
    }

    /// What is written under the picture.
    pub(super) fn under(&mut self, at: Across, text: &str) {
        let side = match at.0 {
            left if left < 0.12 => Side::After,
            right if right > 0.88 => Side::Before,
            _ => Side::Middle,
        };
        let down = self.bottom() + BELOW - 5.0;
        self.svg.text(At::new(at, down), side, text);
    }

    /// A line over the whole width, where it lies inside.
    pub(super) fn level(&mut self, class: &str, value: f64) {
        if self.axis.holds(value) {
            let down = self.down(value);
            self.svg.level(class, down);
        }
    }

    pub(super) fn finish(self, title: &str) -> Markup {
        Markup::of(|page| {
            page.element("div", &[("class", "plot")], |plot| {
                plot.put(&self.beside.finish_beside());
                plot.put(&self.svg.finish(title));
            });
            page.line();
        })
    }
}
