"""What a person begins with: a project folder (`init`) and a task file (`new`)."""
