// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Recovery",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "PosternIdo", targets: ["PosternIdo"]),
        .library(name: "Recovery", targets: ["Recovery"]),
    ],
    targets: [
        // A client of the journey protocol. Needs Foundation only.
        .target(name: "PosternIdo"),
        // An app's code on it: its view controller is compiled where there is UIKit.
        .target(name: "Recovery", dependencies: ["PosternIdo"]),
        .testTarget(name: "PosternIdoTests", dependencies: ["PosternIdo"], exclude: ["transcript.json"]),
    ]
)
