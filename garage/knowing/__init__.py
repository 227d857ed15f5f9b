"""What the assistant may know of a garage: facts in sentences, and questions that they answer."""
