//! The limits of the back end, which no ordinary program reaches.

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::driver::build::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::Options;

fn messages(source: &str) -> Vec<String> {
    let files = MemoryFiles::default();
    files.add("main.pyco", source);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    build(&files, &Options::default(), "main.pyco", &mut sources, &mut sink);
    sink.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
}

#[test]
fn pointers_that_find_no_zero_page_are_an_error() {
    // With the KERNAL in, $02-$8F are the program's; all but the run time's part is mapped here.
    let program = "@kernal\ndef main():\n    all: array[byte, 124][0x14]\n    p: alias[byte]\n    \
                   alias(p, word(all[0]))\n    p += 1\n    all[1] = p\n";
    let found = messages(program);
    assert_eq!(found, ["E4010 Zero page is full: the pointers of 'main' do not fit"]);
}
