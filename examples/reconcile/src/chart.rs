//! The takings of the hours as bars, in SVG.

use wxpay_bill::reconcile::Sum;

use crate::html::Html;
use crate::picture::{Hour, grouped, yuan_of};

/// How the chart is laid out, in the units of the picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) class: &'static str,
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Every how many hours there is a number under the bars.
    pub(crate) label_every: usize,
}

/// For a desk.
pub(crate) const WIDE: Layout = Layout {
    class: "wide",
    width: 880.0,
    height: 260.0,
    label_every: 1,
};

/// For a phone: a wide picture made small could not be read.
pub(crate) const NARROW: Layout = Layout {
    class: "narrow",
    width: 360.0,
    height: 220.0,
    label_every: 3,
};

const LEFT: f64 = 58.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 24.0;

/// Draws the chart: what was paid upwards, what went back downwards.
pub(crate) fn draw(hours: &[Hour; 24], layout: Layout) -> Html {
    let most = |of: fn(&Hour) -> Sum| hours.iter().map(of).max().unwrap_or_default().as_fen();
    let paid = most(|hour| hour.paid.sum).max(0);
    let back = most(|hour| hour.back.sum).max(0);
    let step = step(paid.max(back));
    let (up, down) = (
        paid.div_euclid(step) + 1,
        (back + step - 1).div_euclid(step),
    );
    let room = layout.height - TOP - BOTTOM;
    let fen = room / ((up + down) * step) as f64;
    let zero = TOP + (up * step) as f64 * fen;
    let slot = (layout.width - LEFT - RIGHT) / 24.0;

    let mut svg = Html::default();
    svg.element("<svg class=\"", layout.class, "\" viewBox=\"0 0 ")
        .text(layout.width)
        .raw(" ")
        .text(layout.height)
        .raw("\" role=\"img\" aria-label=\"分时收款与退款柱状图\">");
    for line in -down..=up {
        let y = zero - (line * step) as f64 * fen;
        let class = if line == 0 { "axis" } else { "grid" };
        svg.element("<line class=\"", class, "\" x1=\"")
            .text(LEFT)
            .element("\" x2=\"", layout.width - RIGHT, "\"")
            .element(" y1=\"", short(y), "\"")
            .element(" y2=\"", short(y), "\"/>")
            .element("<text class=\"value\" x=\"", LEFT - 8.0, "\"")
            .element(" y=\"", short(y + 4.0), "\">")
            .element("", label(line * step), "</text>");
    }
    for (number, hour) in hours.iter().enumerate() {
        let x = LEFT + slot * number as f64;
        let (paid, back) = (hour.paid.sum.as_fen(), hour.back.sum.as_fen());
        svg.raw("<g class=\"hour\">");
        svg.element("<title>", title(number, hour), "</title>");
        bar(&mut svg, "hover", [x, TOP, slot, room]);
        let (high, low) = (paid.max(0) as f64 * fen, back.max(0) as f64 * fen);
        let (inset, width) = (x + slot * 0.16, slot * 0.68);
        bar(&mut svg, "paid", [inset, zero - high, width, high]);
        bar(&mut svg, "back", [inset, zero, width, low]);
        svg.raw("</g>");
        if number % layout.label_every == 0 {
            svg.element("<text class=\"hour\" x=\"", short(x + slot / 2.0), "\"")
                .element(" y=\"", layout.height - 6.0, "\">")
                .element("", number, "</text>");
        }
    }
    svg.raw("</svg>");
    svg
}

fn bar(svg: &mut Html, class: &'static str, [x, y, width, height]: [f64; 4]) {
    if height <= 0.0 {
        return;
    }
    svg.element("<rect class=\"", class, "\"")
        .element(" x=\"", short(x), "\"")
        .element(" y=\"", short(y), "\"")
        .element(" width=\"", short(width), "\"")
        .element(" height=\"", short(height), "\"/>");
}

fn title(number: usize, hour: &Hour) -> String {
    let mut title = format!(
        "{number}:00–{number}:59 收款 {} 笔 ¥{}",
        hour.paid.count,
        yuan_of(hour.paid.sum)
    );
    if hour.back.count > 0 {
        let (count, sum) = (hour.back.count, yuan_of(hour.back.sum));
        title.push_str(&format!("，退款 {count} 笔 ¥{sum}"));
    }
    title
}

/// The distance of the lines, in fen: one, two or five, and zeros, so that there are three to seven of them.
fn step(most: i128) -> i128 {
    let mut step = 100;
    loop {
        for factor in [1, 2, 5] {
            if most <= step * factor * 5 {
                return step * factor;
            }
        }
        step *= 10;
    }
}

/// Whole yuan, of many of them ten thousands (万).
fn label(fen: i128) -> String {
    let yuan = fen.abs() / 100;
    let sign = if fen < 0 { "−" } else { "" };
    if yuan < 10_000 {
        return format!("{sign}{}", grouped(yuan));
    }
    let tens = yuan / 1_000 % 10;
    let whole = grouped(yuan / 10_000);
    if tens == 0 {
        format!("{sign}{whole}万")
    } else {
        format!("{sign}{whole}.{tens}万")
    }
}

fn short(number: f64) -> String {
    format!("{number:.1}")
}

#[cfg(test)]
mod tests {
    use wxpay_bill::Fen;

    use super::*;

    #[test]
    fn lines_are_at_round_numbers() {
        for (most, expected) in [
            (0, 100),
            (500, 100),
            (501, 200),
            (123_456, 50_000),
            (9_000_000, 2_000_000),
        ] {
            assert_eq!(step(most), expected, "{most}");
        }
        for (fen, text) in [
            (0, "0"),
            (-50_000, "−500"),
            (120_000, "1,200"),
            (1_500_000, "1.5万"),
            (2_000_000_000, "2,000万"),
        ] {
            assert_eq!(label(fen), text);
        }
    }

    #[test]
    fn bars_stay_within_the_picture() {
        let mut hours = [Hour::default(); 24];
        hours[9].paid += Fen::new(123_400);
        hours[23].back += Fen::new(999_900);
        for layout in [WIDE, NARROW] {
            let svg = draw(&hours, layout).into_string();
            assert_eq!(svg.matches("class=\"paid\"").count(), 1);
            assert_eq!(svg.matches("class=\"back\"").count(), 1);
            let numbers = svg.split(" y=\"").skip(1).map(|rest| {
                let (number, _) = rest.split_once('"').unwrap();
                number.parse::<f64>().unwrap()
            });
            assert!(
                numbers
                    .into_iter()
                    .all(|y| (0.0..=layout.height).contains(&y))
            );
        }
        let nothing = draw(&[Hour::default(); 24], WIDE).into_string();
        assert!(!nothing.contains("NaN") && !nothing.contains("class=\"paid\""));
    }
}
