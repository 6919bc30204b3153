//! The characters of [`super::boxes`] that are not made of upright lines.

use super::mask::Mask;

/// Box drawing's arcs (0x6d to 0x70: with ends down and right, down and left, up and left, up and
/// right) and diagonals (0x71 to 0x73).
pub(super) fn line(index: u32, mask: &mut Mask, light: i32) {
    let (width, height) = (mask.width as f32, mask.height as f32);
    let half = light as f32 / 2.0;
    if index >= 0x71 {
        // How far, level, a point may be from the line.
        let reach = half * width.hypot(height) / height;
        let slope = width / height;
        let rising = move |x: f32, y: f32| (x - (height - y) * slope).abs() <= reach;
        let falling = move |x: f32, y: f32| (x - y * slope).abs() <= reach;
        match index {
            0x71 => mask.shade(rising),
            0x72 => mask.shade(falling),
            _ => mask.shade(|x, y| rising(x, y) || falling(x, y)),
        }
        return;
    }
    // The upright lines that the arc goes over into.
    let (left, top) = ((mask.width - light) / 2, (mask.height - light) / 2);
    let (center_x, center_y) = (left as f32 + half, top as f32 + half);
    let (goes_down, goes_right) = (index <= 0x6e, index == 0x6d || index == 0x70);
    // At the cell's edge the arc is a straight line, as in the cells beside it.
    let radius = (width - center_x).min(height - center_y).min(center_x).min(center_y) - 1.0;
    let radius = radius.max(0.0);
    let (away_x, away_y) =
        (if goes_right { radius } else { -radius }, if goes_down { radius } else { -radius });
    let (middle_x, middle_y) = (center_x + away_x, center_y + away_y);
    mask.shade(|x, y| {
        // Only the quarter of the circle between its two ends.
        let is_quarter = (middle_x - x) * away_x >= 0.0 && (middle_y - y) * away_y >= 0.0;
        is_quarter && ((x - middle_x).hypot(y - middle_y) - radius).abs() <= half
    });
    let (middle_x, middle_y) = (middle_x.round() as i32, middle_y.round() as i32);
    let rows = if goes_down { (middle_y, mask.height) } else { (0, middle_y) };
    mask.fill((left, left + light), rows);
    let columns = if goes_right { (middle_x, mask.width) } else { (0, middle_x) };
    mask.fill(columns, (top, top + light));
}

/// Powerline's separators: a triangle that points right, its edge, one that points left, its edge,
/// and the same four as half circles.
pub(super) fn separator(index: u32, mask: &mut Mask, light: i32) {
    let (width, height) = (mask.width as f32, mask.height as f32);
    let points_left = index & 2 != 0;
    let is_edge = index & 1 != 0;
    let is_round = index >= 4;
    let half = height / 2.0;
    // How far right the shape reaches in the row of a point.
    let reach = |y: f32| {
        let away = ((y - half) / half).abs().min(1.0);
        if is_round { (1.0 - away * away).sqrt() * width } else { (1.0 - away) * width }
    };
    let thick = light as f32 * if is_round { 1.0 } else { width.hypot(half) / half };
    mask.shade(|x, y| {
        let x = if points_left { width - x } else { x };
        let end = reach(y);
        x <= end && (!is_edge || x > end - thick)
    });
}
