//! Points, sizes and rectangles in whole pixels, from the top left.

use std::fmt;

/// A pixel's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Point {
    /// Column, from 0.
    pub x: u16,
    /// Row, from 0.
    pub y: u16,
}

impl Point {
    /// The nearest place within a picture of `size`; the origin, when that is empty.
    #[must_use]
    pub fn within(self, size: Size) -> Self {
        Self {
            x: self.x.min(size.width.saturating_sub(1)),
            y: self.y.min(size.height.saturating_sub(1)),
        }
    }
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Size {
    /// Both sides at once.
    pub const fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }

    /// `width * height`.
    pub fn area(self) -> u32 {
        u32::from(self.width) * u32::from(self.height)
    }

    /// The rectangle from (0, 0) of this size.
    pub const fn rect(self) -> Rect {
        Rect { x: 0, y: 0, width: self.width, height: self.height }
    }
}

/// A rectangle. Its far edges are computed in 32 bits, so none of this can overflow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rect {
    /// First column.
    pub x: u16,
    /// First row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Rect {
    /// All four at once.
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self { x, y, width, height }
    }

    /// First column past the rectangle.
    pub fn right(self) -> u32 {
        u32::from(self.x) + u32::from(self.width)
    }

    /// First row past the rectangle.
    pub fn bottom(self) -> u32 {
        u32::from(self.y) + u32::from(self.height)
    }

    /// `width * height`.
    pub fn area(self) -> u32 {
        self.size().area()
    }

    /// Whether it holds no pixel.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Columns and rows.
    pub const fn size(self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// Top left pixel.
    pub const fn origin(self) -> Point {
        Point { x: self.x, y: self.y }
    }

    /// Whether every pixel of it lies in a surface of `size`.
    pub fn fits(self, size: Size) -> bool {
        self.right() <= u32::from(size.width) && self.bottom() <= u32::from(size.height)
    }

    /// Whether every pixel of `other` lies in this one.
    pub fn contains(self, other: Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// What both share, if anything.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        // Both edges are at least as large as x and y when something is shared, and a width
        // cannot pass either rectangle's own.
        let width = self.right().min(other.right()).checked_sub(u32::from(x))?;
        let height = self.bottom().min(other.bottom()).checked_sub(u32::from(y))?;
        (width > 0 && height > 0).then_some(Self {
            x,
            y,
            width: width as u16,
            height: height as u16,
        })
    }

    /// The smallest rectangle around both. An empty one adds nothing.
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let x = self.x.min(other.x);
        let y = self.y.min(other.y);
        let width = self.right().max(other.right()) - u32::from(x);
        let height = self.bottom().max(other.bottom()) - u32::from(y);
        let clip = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
        Self { x, y, width: clip(width), height: clip(height) }
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}+{}+{}", self.width, self.height, self.x, self.y)
    }
}

impl fmt::Debug for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Rect, Size};

    #[test]
    fn far_edges_do_not_overflow() {
        let far = Rect::new(u16::MAX, u16::MAX, u16::MAX, u16::MAX);
        assert_eq!(far.right(), 131_070);
        assert!(!far.fits(Size::new(u16::MAX, u16::MAX)));
        assert_eq!(far.union(Rect::new(0, 0, 1, 1)).size(), Size::new(u16::MAX, u16::MAX));
    }

    #[test]
    fn intersects() {
        let a = Rect::new(10, 10, 10, 10);
        let cases = [
            (Rect::new(15, 5, 10, 10), Some(Rect::new(15, 10, 5, 5))),
            (Rect::new(20, 10, 5, 5), None),
            (Rect::new(0, 0, 100, 100), Some(a)),
            (Rect::new(12, 12, 0, 4), None),
        ];
        for (b, want) in cases {
            assert_eq!(a.intersection(b), want, "{b}");
            assert_eq!(b.intersection(a), want, "{b}");
        }
    }
}
