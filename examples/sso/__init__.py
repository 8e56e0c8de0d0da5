"""Single sign-on over several services: a login service, two resource services, and a story that runs them."""
