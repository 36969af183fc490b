//! Turns `proto/` into Rust, in process, so that protoc is not needed.
//!
//! Beside what prost and tonic generate, it writes
//! - a `Debug` for every message with a field that is marked `debug_redact`,
//! - a `Drop` for every message with a temporary code, which wipes the code from memory,
//! - the list of rpcs for [`rpc`](src/rpc.rs), and the descriptors for reflection.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, Value};

const PACKAGES: [&str; 4] =
    ["postern.code.v1", "postern.desk.v1", "postern.directory.v1", "postern.journey.v1"];
/// The package of the service that the integrator serves. Its rpcs are none of Postern's.
const OF_THE_INTEGRATOR: &str = "postern.directory.v1";

fn main() -> Result<(), Box<dyn Error>> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", protos.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new([&protos])?;
    compiler.include_imports(true).include_source_info(true);
    for package in PACKAGES {
        let folder = protos.join(package.replace('.', "/"));
        let mut files: Vec<_> = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_, Box<dyn Error>>>()?;
        files.sort(); // so that the generated code does not depend on the file system
        compiler.open_files(files)?;
    }
    let pool = compiler.descriptor_pool();

    let secretive: Vec<_> = pool.all_messages().filter(holds_secrets).collect();
    tonic_prost_build::configure()
        .skip_debug(secretive.iter().map(|message| format!(".{}", message.full_name())))
        .compile_fds(compiler.file_descriptor_set())?;
    for package in PACKAGES {
        let messages = secretive.iter().filter(|message| message.package_name() == package);
        let debugs = messages.clone().map(debug_impl).collect::<Result<String, _>>()?;
        let drops: String =
            messages.filter(|message| holds_a_code(message)).map(drop_impl).collect();
        fs::write(out.join(format!("{package}.secrets.rs")), debugs + &drops)?;
    }
    fs::write(out.join("rpcs.rs"), rpcs(&pool))?;

    compiler.include_source_info(false);
    // Not `file_descriptor_set`, which loses the options that prost does not know.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    Ok(())
}

fn holds_secrets(message: &MessageDescriptor) -> bool {
    message.fields().any(|field| is_secret(&field))
}

fn is_secret(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let redact = options.get_field_by_name("debug_redact");
    redact.is_some_and(|value| *value == Value::Bool(true))
}

/// Whether the message carries a temporary code in clear.
fn holds_a_code(message: &MessageDescriptor) -> bool {
    let code = message.get_field_by_name("code");
    code.is_some_and(|field| is_secret(&field) && matches!(field.kind(), Kind::String))
}

/// A `Drop` that wipes the code.
fn drop_impl(message: &MessageDescriptor) -> String {
    let name = message.name();
    format!(
        "impl ::core::ops::Drop for {name} {{\n    \
         fn drop(&mut self) {{\n        ::zeroize::Zeroize::zeroize(&mut self.code);\n    }}\n}}\n"
    )
}

/// A `Debug` that looks like the derived one but for the secret fields.
fn debug_impl(message: &MessageDescriptor) -> Result<String, Box<dyn Error>> {
    let name = message.name();
    if message.parent_message().is_some() || message.oneofs().len() > 0 {
        // prost would leave the oneof's enum without `Debug` too, and name a nested type otherwise.
        return Err(format!("{name}: keep debug_redact to top-level messages without oneof").into());
    }
    let mut text = format!(
        "impl ::core::fmt::Debug for {name} {{\n    \
         fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
         f.debug_struct(\"{name}\")\n"
    );
    for field in message.fields() {
        let field_name = field.name();
        let is_enum = matches!(field.kind(), Kind::Enum(_));
        let value = if is_secret(&field) {
            "::core::format_args!(\"[redacted]\")".to_owned()
        } else if is_enum && field.cardinality() != Cardinality::Repeated {
            format!("self.r#{field_name}()")
        } else {
            format!("self.r#{field_name}")
        };
        writeln!(text, "            .field(\"{field_name}\", &{value})")?;
    }
    text.push_str("            .finish()\n    }\n}\n");
    Ok(text)
}

/// The argument list of `rpc.rs`'s macro: one line for each rpc.
fn rpcs(pool: &DescriptorPool) -> String {
    let is_ours = |package: &str| PACKAGES.contains(&package) && package != OF_THE_INTEGRATOR;
    let services = pool.services().filter(|service| is_ours(service.package_name()));
    let line = |service: &str, method: &str| format!("    {method} = \"{service}\",\n");
    let lines: String = services
        .flat_map(|service| {
            let name = service.full_name().to_owned();
            service.methods().map(move |method| line(&name, method.name())).collect::<Vec<_>>()
        })
        .collect();
    format!("rpcs! {{\n{lines}}}\n")
}
