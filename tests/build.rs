//! Generates the gRPC clients from the published protos: all that these tests know of the services.

use std::path::PathBuf;

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let protos = [
        "postern/code/v1/code_issuer.proto",
        "postern/code/v1/verifier.proto",
        "postern/desk/v1/desk.proto",
        "postern/journey/v1/authorization.proto",
        "postern/journey/v1/journey_runner.proto",
    ];
    // The integrator serves this one: here, the tests.
    let directory = protox::compile(["postern/directory/v1/directory.proto"], ["../proto"])?;
    let descriptors = protox::compile(protos, ["../proto"])?;
    // What the protos say, for tests that are about all of it.
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().build_server(false).compile_fds(descriptors)?;
    let out = out.join("directory");
    std::fs::create_dir_all(&out)?;
    tonic_prost_build::configure()
        .build_client(false)
        .out_dir(out)
        .extern_path(".postern.code.v1", "crate::harness::pb::code")
        .compile_fds(directory)?;
    Ok(())
}
