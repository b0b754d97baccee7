//! Colours that a colour-blind reader can tell apart, each with its counterpart on a dark page.
//!
//! Lines take the qualitative palette of Okabe and Ito (<https://jfly.uni-koeln.de/color/>), its
//! lighter colours darkened for white paper; the map of utilization takes steps of cividis (Nuñez
//! et al. 2018, doi:10.1371/journal.pone.0199239), which rises in lightness alone. A drawing holds
//! the colours of the light page; a style sheet replaces them on a dark screen.

use plotters::style::RGBColor;

/// A colour on a light page, and the one that replaces it on a dark screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tint {
    pub(super) light: RGBColor,
    dark: Option<RGBColor>,
}

const fn tint(light: u32, dark: u32) -> Tint {
    Tint { light: rgb(light), dark: Some(rgb(dark)) }
}

/// A colour that is the same on both.
const fn fixed(color: u32) -> Tint {
    Tint { light: rgb(color), dark: None }
}

const fn rgb(color: u32) -> RGBColor {
    let [_, red, green, blue] = color.to_be_bytes();
    RGBColor(red, green, blue)
}

pub(super) const PAPER: Tint = tint(0xFF_FF_FF, 0x15_1A_20);
pub(super) const INK: Tint = tint(0x1A_1F_24, 0xE9_ED_F1);
pub(super) const SOFT_INK: Tint = tint(0x50_59_63, 0xA9_B2_BC);
pub(super) const AXIS: Tint = tint(0x8B_95_9F, 0x6C_77_82);
pub(super) const GRID: Tint = tint(0xE4_E8_EC, 0x2B_33_3B);
/// The paper of an empty cell or a bar that is not filled.
pub(super) const EMPTY: Tint = tint(0xEE_F1_F4, 0x20_27_2E);

/// A limit of the service or of the scenario; drawn in long dashes.
pub(super) const LIMIT: Tint = tint(0x3A_42_4A, 0xC6_CE_D6);
/// An objective; drawn in dots.
pub(super) const OBJECTIVE: Tint = tint(0x9A_34_12, 0xFF_B0_8A);

pub(super) const BLUE: Tint = tint(0x00_72_B2, 0x5A_B4_EF);
pub(super) const VERMILLION: Tint = tint(0xD5_5E_00, 0xFF_8C_42);
pub(super) const GREEN: Tint = tint(0x00_87_62, 0x2F_D0_A0);
pub(super) const PURPLE: Tint = tint(0xAA_4A_85, 0xE5_8F_C4);
const ORANGE: Tint = tint(0xB8_7A_00, 0xF2_B7_3A);
const SKY: Tint = tint(0x3B_8F_C4, 0x8F_D3_FF);

/// What is filled between two lines.
pub(super) const MISSING: Tint = tint(0xF6_D5_BD, 0x5A_36_1C);
/// A cell of a map in which every objective is met; [`MISSING`] is its opposite.
pub(super) const MET: Tint = tint(0xBF_DD_F2, 0x17_45_66);

/// Colours of lines, in the order of their use.
pub(super) const SERIES: [Tint; 6] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY];

/// Steps of cividis, from an idle shard to one at its limit and above.
pub(super) const HEAT: [Tint; 11] = [
    fixed(0x00_20_4C),
    fixed(0x00_2C_69),
    fixed(0x25_38_6E),
    fixed(0x3F_45_6B),
    fixed(0x55_52_6C),
    fixed(0x6A_60_70),
    fixed(0x80_6F_74),
    fixed(0x98_80_72),
    fixed(0xB5_94_6A),
    fixed(0xDA_B6_55),
    fixed(0xFF_E9_45),
];

/// Shares of refused attempts, from a few to nearly all; none is [`EMPTY`].
pub(super) const REFUSED: [Tint; 5] = [
    tint(0xFD_D5_A8, 0x6B_3A_10),
    tint(0xF9_A9_66, 0x9C_51_12),
    tint(0xE8_75_2E, 0xD0_6C_14),
    tint(0xB9_45_10, 0xF4_93_3A),
    tint(0x7A_24_08, 0xFF_CC_94),
];

const TINTS: [Tint; 16] = [
    PAPER, INK, SOFT_INK, AXIS, GRID, EMPTY, LIMIT, OBJECTIVE, BLUE, VERMILLION, GREEN, PURPLE,
    ORANGE, SKY, MISSING, MET,
];

/// Style sheet that turns charts dark on a dark screen; printed, they stay light.
#[must_use]
pub fn style() -> String {
    let mut rules = String::from("@media screen and (prefers-color-scheme:dark){");
    for tint in TINTS.iter().chain(&REFUSED) {
        let Some(dark) = tint.dark else { continue };
        let (light, dark) = (hexadecimal(tint.light), hexadecimal(dark));
        rules.push_str(&format!("[fill=\"{light}\"]{{fill:{dark}}}"));
        rules.push_str(&format!("[stroke=\"{light}\"]{{stroke:{dark}}}"));
    }
    rules.push('}');
    rules
}

/// As plotters writes it.
pub(super) fn hexadecimal(color: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(color: RGBColor) -> f64 {
        let part = |value: u8| {
            let ratio = f64::from(value) / 255.0;
            if ratio <= 0.040_45 { ratio / 12.92 } else { ((ratio + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(color.0) + 0.7152 * part(color.1) + 0.0722 * part(color.2)
    }

    fn contrast(one: RGBColor, other: RGBColor) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn lines_stand_out_three_to_one_and_text_four_and_a_half_on_both_papers() {
        let check = |tint: Tint, least: f64| {
            assert!(contrast(tint.light, PAPER.light) >= least, "{tint:?} on light");
            let dark = contrast(tint.dark.unwrap(), PAPER.dark.unwrap());
            assert!(dark >= least, "{tint:?} on dark");
        };
        SERIES.into_iter().for_each(|tint| check(tint, 3.0));
        [INK, SOFT_INK, LIMIT, OBJECTIVE].into_iter().for_each(|tint| check(tint, 4.5));
    }

    #[test]
    fn the_map_of_utilization_rises_in_lightness() {
        assert!(HEAT.windows(2).all(|pair| luminance(pair[0].light) < luminance(pair[1].light)));
    }

    #[test]
    fn no_two_colours_are_the_same_on_light_paper() {
        let mut all: Vec<String> =
            TINTS.iter().chain(&REFUSED).map(|tint| hexadecimal(tint.light)).collect();
        all.sort();
        let many = all.len();
        all.dedup();
        assert_eq!(all.len(), many, "a style sheet could not tell them apart");
    }
}
