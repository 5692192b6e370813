import Foundation
import PackagePlugin

/// Embeds the `.json` and `.mustache` files of a target, as its `EmbeddedFiles.all`.
///
/// SwiftPM's own rule, `.embedInCode`, makes a constant of each file, which code has to name. Here a new file needs no
/// change of code, and files in different folders can have the same name.
@main
struct EmbedFiles: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let module = target as? any SourceModuleTarget else { return [] }
        let files = module.sourceFiles.map(\.url).filter { ["json", "mustache"].contains($0.pathExtension) }
            .sorted { $0.path < $1.path }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
        return [
            .buildCommand(
                displayName: "Embedding \(files.count) files in \(target.name)",
                executable: try context.tool(named: "embed-files").url,
                arguments: [output.path, target.directoryURL.path] + files.map(\.path),
                inputFiles: files, outputFiles: [output])
        ]
    }
}
