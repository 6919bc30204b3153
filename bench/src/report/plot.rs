//! Plots as SVG, which a page can hold as it is. Colours are classes of the page's own style.

use std::fmt::Write as _;

use super::table::escape;
use super::targets::short;

/// Columns of a plot of bars, in pixels.
const BARS_WIDTH: f64 = 760.0;

/// Columns left of the bars, for names.
const NAMES_WIDTH: f64 = 150.0;

/// Columns right of the bars, for numbers.
const NUMBERS_WIDTH: f64 = 60.0;

/// Rows of one bar.
const BAR_HEIGHT: f64 = 13.0;

/// Rows between groups of bars.
const GROUP_GAP: f64 = 14.0;

/// Rows for the axis.
const AXIS_HEIGHT: f64 = 22.0;

/// Columns and rows of a plot of lines.
const LINES_SIZE: (f64, f64) = (370.0, 230.0);

/// Room around the lines: left, top, right, bottom.
const LINES_ROOM: [f64; 4] = [52.0, 14.0, 16.0, 34.0];

/// Bars of one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// What they measure.
    pub(super) name: String,
    /// Class and length of each bar.
    pub(super) bars: Vec<(&'static str, f64)>,
    /// Where the target is.
    pub(super) goal: Option<f64>,
}

/// Horizontal bars in groups, with a line where each group's target is. A logarithmic scale
/// serves figures that differ a thousandfold; it has no zero, so what is tiny is shown at its
/// left end.
pub(super) fn bars(title: &str, groups: &[Group], logarithmic: bool) -> String {
    let values = || groups.iter().flat_map(|group| group.bars.iter().map(|(_, value)| *value));
    let all = || values().chain(groups.iter().filter_map(|group| group.goal));
    let most = all().fold(0.0, f64::max).max(1e-3);
    let least = all().filter(|value| *value > 0.0).fold(most, f64::min);
    let scale = if logarithmic { Scale::logarithmic(least, most) } else { Scale::linear(most) };
    let width = BARS_WIDTH - NAMES_WIDTH - NUMBERS_WIDTH;
    let place = |value: f64| NAMES_WIDTH + width * scale.place(value);
    let rows: usize = groups.iter().map(|group| group.bars.len()).sum();
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let bottom = GROUP_GAP + count(rows) * BAR_HEIGHT + count(groups.len()) * GROUP_GAP;
    let mut svg = open(title, (BARS_WIDTH, bottom + AXIS_HEIGHT));
    for tick in scale.ticks() {
        let x = place(tick);
        // The `String` never refuses, here and below.
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"6\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
             <text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            bottom + 15.0,
            short(tick),
        );
    }
    let mut y = GROUP_GAP;
    for group in groups {
        let height = count(group.bars.len()) * BAR_HEIGHT;
        let _ = write!(
            svg,
            "<text text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            NAMES_WIDTH - 8.0,
            y + height / 2.0 + 4.0,
            escape(&group.name),
        );
        let mut numbers = String::new();
        let top = y;
        for (class, value) in &group.bars {
            let right = place(*value);
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{NAMES_WIDTH}\" y=\"{:.1}\" width=\"{:.1}\" \
                 height=\"{}\"/>",
                y + 1.0,
                (right - NAMES_WIDTH).max(1.0),
                BAR_HEIGHT - 2.0,
            );
            let _ = write!(
                numbers,
                "<text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                right + 5.0,
                y + BAR_HEIGHT - 3.0,
                short(*value),
            );
            y += BAR_HEIGHT;
        }
        if let Some(goal) = group.goal {
            let x = place(goal);
            let _ = write!(
                svg,
                "<line class=\"goal\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>",
                top - 4.0,
                y + 4.0,
            );
        }
        svg.push_str(&numbers);
        y += GROUP_GAP;
    }
    svg + "</svg>\n"
}

/// Points that belong together.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    /// Its class.
    pub(super) class: &'static str,
    /// Whether its line is broken up: the second of two lines in one colour.
    pub(super) dashed: bool,
    /// Places, from left to right.
    pub(super) points: Vec<(f64, f64)>,
}

/// Lines over a number of sessions.
pub(super) fn lines(title: &str, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| series.points.iter().copied());
    let right = points().map(|(x, _)| x).fold(0.0, f64::max).max(1.0);
    let top = points().map(|(_, y)| y).fold(0.0, f64::max).max(1e-3);
    let (across, up) = (Scale::linear(right), Scale::linear(top));
    let [room_left, room_top, room_right, room_bottom] = LINES_ROOM;
    let (width, height) =
        (LINES_SIZE.0 - room_left - room_right, LINES_SIZE.1 - room_top - room_bottom);
    let column = |x: f64| room_left + width * across.place(x);
    let row = |y: f64| room_top + height * (1.0 - up.place(y));
    let mut svg = open(title, LINES_SIZE);
    for tick in up.ticks() {
        let y = row(tick);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{room_left}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            room_left + width,
            room_left - 6.0,
            y + 4.0,
            short(tick),
        );
    }
    for tick in across.ticks() {
        let _ = write!(
            svg,
            "<text class=\"tick\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            column(tick),
            room_top + height + 15.0,
            short(tick),
        );
    }
    let _ = write!(
        svg,
        "<text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">sessions</text>",
        room_left + width,
        LINES_SIZE.1 - 4.0,
    );
    for Series { class, dashed, points } in series {
        let path: Vec<String> =
            points.iter().map(|(x, y)| format!("{:.1},{:.1}", column(*x), row(*y))).collect();
        let dashes = if *dashed { " dashed" } else { "" };
        let path = path.join(" ");
        let _ = write!(svg, "<polyline class=\"{class}{dashes}\" points=\"{path}\"/>");
        for (x, y) in points {
            let (x, y) = (column(*x), row(*y));
            let _ = write!(svg, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
        }
    }
    svg + "</svg>\n"
}

fn open(title: &str, (width, height): (f64, f64)) -> String {
    let title = escape(title);
    format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" role=\"img\" \
         aria-label=\"{title}\"><title>{title}</title>"
    )
}

/// Where a value is between the ends of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    /// From 0 to so many steps of a size.
    Linear { step: f64, steps: u32 },
    /// From one power of ten to another.
    Logarithmic { first: f64, last: f64 },
}

impl Scale {
    /// From 0 to `most` or a little above.
    fn linear(most: f64) -> Self {
        // One, two or five times a power of ten, so that there are four to ten steps.
        let power = 10.0_f64.powf((most / 5.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| most / step <= 6.0)
            .unwrap_or(most);
        Self::Linear { step, steps: ceil(most / step) }
    }

    fn logarithmic(least: f64, most: f64) -> Self {
        let first = least.log10().floor();
        Self::Logarithmic { first, last: most.log10().ceil().max(first + 1.0) }
    }

    /// From 0 at the start to 1 at the end. What lies outside is at an end.
    fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Linear { step, steps } => value / (step * f64::from(steps)),
            Self::Logarithmic { .. } if value <= 0.0 => 0.0,
            Self::Logarithmic { first, last } => (value.log10() - first) / (last - first),
        };
        place.clamp(0.0, 1.0)
    }

    fn ticks(self) -> Vec<f64> {
        match self {
            Self::Linear { step, steps } => {
                (0..=steps).map(|tick| step * f64::from(tick)).collect()
            }
            Self::Logarithmic { first, last } => (0..=ceil(last - first))
                .map(|tick| 10.0_f64.powf(first + f64::from(tick)))
                .collect(),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number of steps of an axis: small, and `as` bounds whatever it gets"
)]
fn ceil(value: f64) -> u32 {
    (value - 1e-9).ceil().clamp(1.0, 50.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_round() {
        assert_eq!(Scale::linear(47.0), Scale::Linear { step: 10.0, steps: 5 });
        assert_eq!(Scale::linear(1000.0), Scale::Linear { step: 200.0, steps: 5 });
        assert!((Scale::linear(0.3).place(0.3) - 1.0).abs() < 1e-9);
        let scale = Scale::logarithmic(0.3, 473.0);
        assert_eq!(scale.ticks().len(), 5);
        assert_eq!((scale.place(0.1), scale.place(1000.0), scale.place(0.0)), (0.0, 1.0, 0.0));
        assert!((scale.place(10.0) - 0.5).abs() < 1e-9);
        assert_eq!(Scale::logarithmic(10.0, 10.0).ticks().len(), 2);
    }

    #[test]
    fn plots_are_well_formed() {
        let group =
            Group { name: "<a>".into(), bars: vec![("ours", 0.0), ("x", 5.0)], goal: Some(2.0) };
        let series =
            Series { class: "idle", dashed: true, points: vec![(50.0, 1.0), (200.0, 2.0)] };
        for svg in [
            bars("a & b", std::slice::from_ref(&group), true),
            bars("", &[group], false),
            bars("", &[], true),
            lines("l", &[series]),
            lines("l", &[]),
        ] {
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<a>"), "{svg}");
        }
    }
}
