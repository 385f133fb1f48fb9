//! The picture of the page: small accesses and large copies, a point for each processor.

use std::ops::RangeInclusive;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Result;
use crate::group::Group;
use crate::harness::Bar;
use crate::results::{Outcome, Results, Verdict};

const COLOURS: [RGBColor; 3] =
    [RGBColor(200, 60, 20), RGBColor(20, 90, 180), RGBColor(30, 130, 60)];

const GREY: RGBColor = RGBColor(150, 150, 150);

/// Pixels: of the picture, of the names, of a row.
const WIDTH: u32 = 860;
const NAMES: u32 = 400;
const ROW: u32 = 15;
/// Pixels above and below the rows.
const MARGINS: u32 = 55;

/// The ratios that are shown.
const RANGE: RangeInclusive<f64> = 0.25..=4.0;

/// Draws the picture, as SVG.
pub(crate) fn draw(all: &[Results]) -> Result<String> {
    let mut rows: Vec<&Outcome> = Vec::new();
    for row in all.iter().flat_map(|results| &results.outcomes) {
        let shown = matches!(row.group, Group::Small | Group::Bulk)
            && matches!(row.bar, Bar::Ratio(_))
            && RANGE.contains(&row.ratio.median);
        if shown && !rows.iter().any(|other| row.is_of_row(other)) {
            rows.push(row);
        }
    }
    let mut svg = String::new();
    let count = u32::try_from(rows.len())?;
    let area =
        SVGBackend::with_string(&mut svg, (WIDTH, ROW * count + MARGINS)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(10)
        .margin_left(NAMES)
        .x_label_area_size(35)
        .build_cartesian_2d(scaled(*RANGE.start())..scaled(*RANGE.end()), f64::from(count)..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(5)
        .light_line_style(WHITE)
        .x_label_formatter(&|scaled| format!("{:.2}", scaled.exp2()))
        .x_desc("ratio to the base, its middle half, and the bar")
        .draw()?;
    chart.draw_series([PathElement::new([(0.0, 0.0), (0.0, f64::from(count))], BLACK)])?;
    let style = ("sans-serif", 11).into_font().color(&BLACK);
    let right = style.pos(Pos::new(HPos::Right, VPos::Center));
    for (number, row) in (0..).zip(&rows) {
        let middle = f64::from(number) + 0.5;
        let name = format!("{}, beside {}", row.name, row.beside).replace('`', "");
        let (left, pixel) = chart.backend_coord(&(scaled(*RANGE.start()), middle));
        area.draw(&Text::new(name, (left - 8, pixel), right.clone()))?;
        if let Bar::Ratio(most) = row.bar {
            let ends = [-0.4, 0.4].map(|end| (scaled(most), middle + end));
            chart.draw_series([PathElement::new(ends, BLACK.stroke_width(2))])?;
        }
        for (results, colour) in all.iter().zip(COLOURS) {
            let found = results.outcomes.iter().find(|other| row.is_of_row(other));
            let Some(found) = found.filter(|found| RANGE.contains(&found.ratio.median)) else {
                continue;
            };
            let colour = if found.verdict() == Verdict::NoResult { GREY } else { colour };
            let ends = [found.ratio.low, found.ratio.high];
            let ends = ends.map(|end| (scaled(end.clamp(*RANGE.start(), *RANGE.end())), middle));
            chart.draw_series([PathElement::new(ends, colour)])?;
            let point = Circle::new((scaled(found.ratio.median), middle), 3, colour.filled());
            chart.draw_series([point])?;
        }
    }
    for ((number, results), colour) in (0..).zip(all).zip(COLOURS) {
        let place = (12, i32::try_from(ROW * count)? + 18 + 14 * number);
        let text = ("sans-serif", 11).into_font().color(&colour);
        area.draw(&Text::new(results.machine.processor.clone(), place, text))?;
    }
    drop(chart);
    area.present()?;
    drop(area);
    Ok(svg)
}

/// Returns where a ratio is drawn: a half is as far from 1 as 2 is.
fn scaled(ratio: f64) -> f64 {
    ratio.log2()
}
