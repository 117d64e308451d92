//! The arithmetic of each transform, as types.

use super::word::Word;

/// A [`Transform`](super::Transform) as a type, so that each combination gets its own loop.
pub(crate) trait Map {
    /// Value and base to transformed value.
    fn forward<W: Word>(value: W, base: W) -> W;
    /// Transformed value and base to value.
    fn inverse<W: Word>(transformed: W, base: W) -> W;
}

/// Position of a bit pattern in the order of floating point values.
#[inline(always)]
fn order<W: Word>(value: W) -> W {
    value ^ (value.top_mask() | W::TOP)
}

#[inline(always)]
fn unorder<W: Word>(value: W) -> W {
    value ^ (value.top_mask().inverted() | W::TOP)
}

#[inline(always)]
fn fold<W: Word>(difference: W) -> W {
    difference.plus(difference) ^ difference.top_mask()
}

#[inline(always)]
fn unfold<W: Word>(folded: W) -> W {
    (folded >> 1) ^ folded.low_mask()
}

macro_rules! map {
    ($name:ident, |$value:ident, $base:ident| $forward:expr, $inverse:expr) => {
        pub(crate) struct $name;
        impl Map for $name {
            #[inline(always)]
            fn forward<W: Word>($value: W, $base: W) -> W {
                $forward
            }
            #[inline(always)]
            fn inverse<W: Word>($value: W, $base: W) -> W {
                $inverse
            }
        }
    };
}
map!(Plain, |value, _base| value, value);
map!(
    Rotate,
    |value, _base| value.rotate_up(),
    value.rotate_down()
);
map!(Xor, |value, base| value ^ base, value ^ base);
map!(
    XorRotate,
    |value, base| (value ^ base).rotate_up(),
    value.rotate_down() ^ base
);
map!(
    Subtract,
    |value, base| fold(value.minus(base)),
    base.plus(unfold(value))
);
map!(
    SubtractOrdered,
    |value, base| fold(order(value).minus(order(base))),
    unorder(order(base).plus(unfold(value)))
);
