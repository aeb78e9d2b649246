"""Writing a file's frontmatter in another dialect, without loss."""
