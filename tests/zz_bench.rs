#[path = "support/routines.rs"]
mod routines;
use pycoc::c64::float::from_f64;
use routines::{Routines, State};
#[test]
fn kernel() {
    let mut r = Routines::link(&["float.s", "float_convert.s", "div32.s"]);
    let mut t = std::collections::BTreeMap::new();
    let mut op = |n: &'static str, a, b| {
        let s = r.call(n, State { ra: a, rb: b, ..State::default() });
        let e = t.entry(n).or_insert((0, 0));
        e.0 += s.cycles;
        e.1 += 1;
        s.ra
    };
    let f = from_f64;
    let (mut sum, mut x) = (f(0.0), f(1.0));
    for _ in 0..200 {
        let p = op("rt_fmul", x, x);
        let q = op("rt_fdiv", f(1.0), p);
        sum = op("rt_fadd", sum, q);
        x = op("rt_fadd", x, f(1.0));
    }
    for i in 1..=20 {
        let v = f(f64::from(i));
        let mut g = v;
        for _ in 0..12 {
            let q = op("rt_fdiv", v, g);
            let s = op("rt_fadd", g, q);
            g = op("rt_fmul", s, f(0.5));
        }
    }
    let total: u64 = t.values().map(|v| v.0).sum();
    println!("{total}");
    for (n, (c, k)) in t {
        println!("{n} {c} / {k} = {}", c / k);
    }
}
