"""Operations of the models, written to be fast on CPUs."""
