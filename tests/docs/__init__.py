"""The documentation: pages made from the code, blocks that run, links that lead somewhere, a site that builds."""
