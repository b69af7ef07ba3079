//! The run-time routines that the middle IR may call: names, types and effects.
//!
//! One row for each. The interpreter gives each its meaning in Rust (`interp_rt.rs`), the back end
//! calls the routine of the same name in `asm/`; `docs/abi.md` says where operands lie.
//! Integer multiplication and division are `BinOp`s, not routines: the back end chooses.

use crate::mir::ir::Ty::{self, I8, I16, I32};

/// What a routine may do besides computing its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RtEffect {
    /// The same operands give the same result; may be removed, merged and moved.
    Pure,
    /// Reads memory through its operands.
    Reads,
    /// Reads and writes memory through its operands.
    Writes,
    /// Input, output, waiting: stays where it is and as often as it is; touches no program memory
    /// but reads through its operands.
    Io,
}

macro_rules! routines {
    ($($(#[$doc:meta])* $variant:ident $name:literal ($($param:ident),*) $(-> $ret:ident)? $effect:ident;)+) => {
        /// A run-time routine.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Rt {
            $($(#[$doc])* $variant,)+
        }

        impl Rt {
            /// All routines.
            pub const ALL: &[Rt] = &[$(Rt::$variant),+];

            /// The name in the text form and of the symbol in `asm/`.
            pub fn name(self) -> &'static str {
                match self { $(Rt::$variant => $name,)+ }
            }

            /// The types of the operands.
            pub fn params(self) -> &'static [Ty] {
                match self { $(Rt::$variant => &[$($param),*],)+ }
            }

            /// The type of the result.
            pub fn ret(self) -> Option<Ty> {
                match self { $(Rt::$variant => { let r: Option<Ty> = None; $(let r = r.or(Some($ret));)? r })+ }
            }

            /// What it may do besides.
            pub fn effect(self) -> RtEffect {
                match self { $(Rt::$variant => RtEffect::$effect,)+ }
            }
        }
    };
}

routines! {
    // Float: 4-byte MBF in an I32, exponent byte lowest (the memory order of the format).
    FAdd "rt_fadd" (I32, I32) -> I32 Pure;
    FSub "rt_fsub" (I32, I32) -> I32 Pure;
    FMul "rt_fmul" (I32, I32) -> I32 Pure;
    FDiv "rt_fdiv" (I32, I32) -> I32 Pure;
    FNeg "rt_fneg" (I32) -> I32 Pure;
    FAbs "rt_fabs" (I32) -> I32 Pure;
    /// $FF, 0 or 1: first less than, equal to, greater than second.
    FCmp "rt_fcmp" (I32, I32) -> I8 Pure;
    FFromU16 "rt_f_from_u16" (I16) -> I32 Pure;
    FFromI16 "rt_f_from_i16" (I16) -> I32 Pure;
    FFromU32 "rt_f_from_u32" (I32) -> I32 Pure;
    FFromI32 "rt_f_from_i32" (I32) -> I32 Pure;
    FFromF16 "rt_f_from_f16" (I16) -> I32 Pure;
    FFromF32 "rt_f_from_f32" (I32) -> I32 Pure;
    /// Toward zero, modulo 2^32 for numbers outside the range of `long` and `dword` together.
    FToI32 "rt_f_to_i32" (I32) -> I32 Pure;
    FToF16 "rt_f_to_f16" (I32) -> I16 Pure;
    FToF32 "rt_f_to_f32" (I32) -> I32 Pure;
    // Fixed point 8.8 and 16.16.
    F16Mul "rt_f16_mul" (I16, I16) -> I16 Pure;
    F16Div "rt_f16_div" (I16, I16) -> I16 Pure;
    F32Mul "rt_f32_mul" (I32, I32) -> I32 Pure;
    F32Div "rt_f32_div" (I32, I32) -> I32 Pure;
    // Text of numbers: the result is the address of a string (length byte, characters) in a buffer
    // that the next of these calls overwrites.
    StrU8 "rt_str_u8" (I8) -> I16 Writes;
    StrI8 "rt_str_i8" (I8) -> I16 Writes;
    StrU16 "rt_str_u16" (I16) -> I16 Writes;
    StrI16 "rt_str_i16" (I16) -> I16 Writes;
    StrU32 "rt_str_u32" (I32) -> I16 Writes;
    StrI32 "rt_str_i32" (I32) -> I16 Writes;
    StrFloat "rt_str_float" (I32) -> I16 Writes;
    StrF16 "rt_str_f16" (I16) -> I16 Writes;
    StrF32 "rt_str_f32" (I32) -> I16 Writes;
    StrBool "rt_str_bool" (I8) -> I16 Writes;
    /// Cuts the text in the buffer off after that many decimals, or fills with zeros.
    StrDecimals "rt_str_decimals" (I8) -> I16 Writes;
    // Output.
    PrintChar "rt_print_char" (I8) Io;
    /// Prints a string (length byte, characters).
    PrintStr "rt_print_str" (I16) Io;
    PrintU8 "rt_print_u8" (I8) Io;
    PrintI8 "rt_print_i8" (I8) Io;
    PrintU16 "rt_print_u16" (I16) Io;
    PrintI16 "rt_print_i16" (I16) Io;
    PrintU32 "rt_print_u32" (I32) Io;
    PrintI32 "rt_print_i32" (I32) Io;
    PrintFloat "rt_print_float" (I32) Io;
    PrintF16 "rt_print_f16" (I16) Io;
    PrintF32 "rt_print_f32" (I32) Io;
    PrintBool "rt_print_bool" (I8) Io;
    // Keyboard.
    GetKey "rt_getkey" () -> I8 Io;
    WaitKey "rt_waitkey" () -> I8 Io;
    // Strings: destination, source, ….
    /// Copies a string: dst, src.
    StrCopy "rt_str_copy" (I16, I16) Writes;
    /// Appends src to dst: dst, src. The length wraps at 256.
    StrAppend "rt_str_append" (I16, I16) Writes;
    /// Appends one character: dst, char.
    StrAppendChar "rt_str_append_char" (I16, I8) Writes;
    /// Appends src count times: dst, src, count (unsigned).
    StrAppendRepeat "rt_str_append_repeat" (I16, I16, I8) Writes;
    /// $FF, 0 or 1 by character code, then length.
    StrCmp "rt_str_cmp" (I16, I16) -> I8 Reads;
    // Memory with run-time sizes.
    /// dst, src, count in bytes; right for overlapping areas in both directions.
    MemMove "rt_mem_move" (I16, I16, I16) Writes;
    /// dst, value, count in bytes, upward.
    MemFill "rt_mem_fill" (I16, I8, I16) Writes;
    /// dst, value, count in words, upward.
    MemFill16 "rt_mem_fill16" (I16, I16, I16) Writes;
    /// dst, value, count in elements of four bytes, upward.
    MemFill32 "rt_mem_fill32" (I16, I32, I16) Writes;
    /// dst, dst_stride, src, src_stride, width, height; rows copied so that overlap is right.
    BlockCopy "rt_block_copy" (I16, I16, I16, I16, I16, I16) Writes;
    // System.
    /// Installs an interrupt handler: code address.
    SetIrq "rt_set_irq" (I16) Io;
    /// The same for an `@irq_hook`.
    SetIrqHook "rt_set_irq_hook" (I16) Io;
    /// Raster interrupt on, at that line.
    EnableRasterIrq "rt_enable_raster_irq" (I16) Io;
    /// Raster interrupt off; the line is kept.
    DisableRasterIrq "rt_disable_raster_irq" () Io;
    SetRaster "rt_set_raster" (I16) Io;
    GetRaster "rt_get_raster" () -> I16 Io;
    /// Ends the program with the run-time error whose text (a string) lies there.
    Fail "rt_fail" (I16) Io;
    /// 1 when the hardware stack is nearly full, or the new top of the software stack (0 without one)
    /// lies behind its end.
    StackLow "rt_stack_low" (I16) -> I8 Io;
    /// In an `@irq` or `@irq_hook` handler, just before its `Return`: go on with the system's work.
    IrqChain "rt_irq_chain" () Io;
}

impl Rt {
    /// True when it writes the text buffer, and returns its address.
    pub fn uses_buffer(self) -> bool {
        use Rt::*;
        matches!(
            self,
            StrU8
                | StrI8
                | StrU16
                | StrI16
                | StrU32
                | StrI32
                | StrFloat
                | StrF16
                | StrF32
                | StrBool
                | StrDecimals
        )
    }

    /// The routine of a name.
    pub fn named(name: &str) -> Option<Rt> {
        Rt::ALL.iter().copied().find(|r| r.name() == name)
    }
}
