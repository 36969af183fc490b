//! The commands of all pages name subcommands and flags that the binaries have.

use super::{page, pages};
use crate::Tested;
use crate::harness::process::{command, run_to_end};

const BINARIES: [&str; 5] = ["code-issuer", "verifier", "journey-runner", "console", "postern"];

/// The commands in the shell blocks of a page, one a line.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2);
    let shell = blocks.filter_map(|block| block.split_once('\n'));
    let shell = shell.filter(|(language, _)| ["sh", "console"].contains(language));
    let joined = shell.map(|(_, commands)| commands.replace("\\\n", " "));
    joined.flat_map(|it| it.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The binary that a command starts, and its arguments. `None` if it starts another program.
fn parse(line: &str) -> Option<(&'static str, Vec<&str>)> {
    let mut words = line.split_whitespace().skip_while(|word| *word == "$");
    let mut program = words.next()?;
    if program == "cargo" {
        let rest = [words.next()?, words.next()?];
        program = if rest == ["run", "--"] { "postern" } else { return None };
    }
    let program = program.rsplit('/').next();
    let binary = BINARIES.into_iter().find(|binary| program == Some(*binary))?;
    Some((binary, words.take_while(|word| !["#", "|", ">", "&"].contains(word)).collect()))
}

#[test]
fn the_commands_of_all_pages_have_known_flags() -> Tested {
    let mut seen = 0;
    for name in pages()? {
        for line in commands(&page(&name)?) {
            let Some((binary, arguments)) = parse(&line) else { continue };
            // The arguments before the first flag select the subcommand whose help this is.
            let mut help = command(binary);
            help.args(arguments.iter().take_while(|it| !it.starts_with("--"))).arg("--help");
            let (status, help) = run_to_end(help)?;
            assert!(status.success(), "{name}: {line}: {help}");
            let known = |flag: &str| help.split([' ', ',', '\n']).any(|word| word == flag);
            for flag in arguments.iter().filter(|it| it.starts_with("--")) {
                assert!(known(flag), "{name}: {line}: {binary} has no {flag}");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "the pages have more flags than {seen}");
    Ok(())
}
