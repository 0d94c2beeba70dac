// CommonJS in both builds, as nothing else knows its folder in both; the build copies it.
exports.folder = __dirname;
