//! Emission of a copy of a rectangle whose places and sizes are constants.
//!
//! Every row is a stream of one loop that goes over the columns: 9 cycles a byte. Invariant: where
//! source and destination overlap, each byte is read before it is overwritten; a copy for which no
//! such order of rows and columns is known is left to `rt_block_copy`. Not here: copies of one piece.

use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Src, Sym, SymAddr};
use crate::codegen::mach::Arg;
use crate::mos::inst::Mnemonic::*;

/// Rows at most: six bytes of code each.
const MAX_ROWS: i32 = 25;
/// Bytes from which on a loop of its own pays.
const ENOUGH: i32 = 48;

/// A copy of a rectangle with constant arguments.
#[derive(Clone, Copy, Debug)]
struct Rectangle {
    to: SymAddr,
    to_stride: i32,
    from: SymAddr,
    from_stride: i32,
    width: i32,
    height: i32,
}

/// In which order columns and rows are copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Order {
    columns_up: bool,
    rows_up: bool,
}

impl Emitter<'_> {
    /// Emits the copy if it is one for a loop of its own. The arguments are those of `rt_block_copy`.
    pub(super) fn rectangle(&mut self, args: &[Vec<Src>]) -> bool {
        if self.ctx.small || self.ctx.module {
            return false;
        }
        let Some((copy, order)) = Rectangle::of(args).and_then(|copy| Some((copy, copy.order()?))) else {
            return false;
        };
        self.take(R::X);
        let (before, top, width) = (self.weight, self.new_label(), copy.width);
        // Columns downward from 128 at most end below zero, else at zero.
        let (start, bias, step, end) = match order.columns_up {
            true => (0, 0, Inx, Bne),
            false if width <= 128 => (width - 1, 0, Dex, Bpl),
            false => (width & 0xff, -1, Dex, Bne),
        };
        self.ins(Ldx, Arg::Imm(start as u8));
        self.label(top);
        self.weight = before * f64::from(width);
        for row in 0..copy.height {
            let row = if order.rows_up { row } else { copy.height - 1 - row };
            self.ins(Lda, Arg::AbsX(copy.from.plus(row * copy.from_stride + bias)));
            self.ins(Sta, Arg::AbsX(copy.to.plus(row * copy.to_stride + bias)));
        }
        self.implied(step);
        if order.columns_up && width < 256 {
            self.ins(Cpx, Arg::Imm(width as u8));
        }
        self.branch(end, top);
        self.weight = before;
        self.state.set(R::X, Vec::new());
        self.state.forget_test();
        true
    }
}

impl Rectangle {
    fn of(args: &[Vec<Src>]) -> Option<Rectangle> {
        let [to, to_stride, from, from_stride, width, height] = args else { return None };
        let copy = Rectangle {
            to: address(to)?,
            to_stride: number(to_stride)?,
            from: address(from)?,
            from_stride: number(from_stride)?,
            width: number(width)?,
            height: number(height)?,
        };
        let sizes = (1..=256).contains(&copy.width) && (1..=MAX_ROWS).contains(&copy.height);
        let strides = copy.to_stride >= copy.width && copy.from_stride >= copy.width;
        (sizes && strides && copy.width * copy.height >= ENOUGH).then_some(copy)
    }

    /// An order in which no byte is overwritten before it is read.
    fn order(&self) -> Option<Order> {
        let any = Order { columns_up: true, rows_up: true };
        let extent = |stride| (self.height - 1) * stride + self.width;
        // The byte at a place is copied to `distance` bytes below it.
        let distance = self.from.offset - self.to.offset;
        if self.to.sym != self.from.sym
            || distance >= extent(self.to_stride)
            || -distance >= extent(self.from_stride)
        {
            return Some(any);
        }
        if self.to_stride != self.from_stride {
            return None;
        }
        let stride = self.to_stride;
        let columns = (distance + stride / 2).rem_euclid(stride) - stride / 2;
        match columns {
            0 => Some(Order { columns_up: true, rows_up: distance >= 0 }),
            // The same byte is not reached by way of the next row too.
            _ if self.width <= stride - columns.abs() => Some(Order { columns_up: columns > 0, ..any }),
            _ => None,
        }
    }
}

fn number(bytes: &[Src]) -> Option<i32> {
    match bytes {
        [Src::Imm(low), Src::Imm(high)] => Some(i32::from(u16::from_le_bytes([*low, *high]))),
        _ => None,
    }
}

fn address(bytes: &[Src]) -> Option<SymAddr> {
    match bytes {
        [Src::Lo(low), Src::Hi(high)] if low == high => Some(*low),
        _ => number(bytes).map(|offset| SymAddr { sym: Sym::Abs, offset }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Copies in the order that is chosen; what comes out must be what went in.
    fn check(copy: Rectangle) {
        let Some(order) = copy.order() else { return };
        let before: Vec<usize> = (0..2000).collect();
        let (mut memory, mut expected) = (before.clone(), before.clone());
        let places = |row: i32, column: i32| {
            let place = |at: SymAddr, stride| (at.offset + row * stride + column) as usize;
            (place(copy.to, copy.to_stride), place(copy.from, copy.from_stride))
        };
        let ordered = |n: i32, up: bool| (0..n).map(move |k| if up { k } else { n - 1 - k });
        for column in ordered(copy.width, order.columns_up) {
            for row in ordered(copy.height, order.rows_up) {
                let (to, from) = places(row, column);
                memory[to] = memory[from];
                expected[to] = before[from];
            }
        }
        assert_eq!(memory, expected, "{copy:?} {order:?}");
    }

    #[test]
    fn no_byte_is_overwritten_before_it_is_read() {
        let at = |offset| SymAddr { sym: Sym::Abs, offset };
        for stride in [7, 8, 12] {
            for (width, height) in [(1, 9), (5, 1), (5, 6), (6, 5), (7, 4)] {
                for distance in -100..=100 {
                    let (to, from) = (at(800), at(800 + distance));
                    check(Rectangle { to, to_stride: stride, from, from_stride: stride, width, height });
                    check(Rectangle { to, to_stride: stride, from, from_stride: stride + 3, width, height });
                }
            }
        }
    }

    #[test]
    fn the_four_ways_of_scrolling_have_an_order() {
        for (distance, width, height) in
            [(40, 40, 24), (-40, 40, 24), (1, 39, 25), (-1, 39, 25), (41, 39, 24)]
        {
            let at = |offset| SymAddr { sym: Sym::Abs, offset };
            let (to, from) = (at(1100), at(1100 + distance));
            let copy = Rectangle { to, to_stride: 40, from, from_stride: 40, width, height };
            assert!(copy.order().is_some(), "{distance}");
        }
    }
}
